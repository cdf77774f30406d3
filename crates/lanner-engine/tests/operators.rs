//! Every operator on every kind, as Falco 0.44.1 has them.

mod common;

use common::{PlanBuilder, event, holds, matches};
use serde_json::{Value, json};

fn text(found: &str, operator: &str, values: &[&str]) -> bool {
    let values: Vec<Value> = values.iter().map(|value| json!({"s": value})).collect();
    holds(
        "string",
        false,
        json!([{"s": found}]),
        operator,
        json!(values),
    )
}

#[test]
fn text_compares_bytewise() {
    assert!(text("bash", "=", &["bash"]));
    assert!(!text("bash", "=", &["Bash"]));
    assert!(text("bash", "!=", &["sh"]));
    assert!(text("bash", "<", &["zsh"]));
    assert!(text("Z", "<", &["a"]));
    assert!(text("a", "<=", &["a"]));
    assert!(text("ab", ">", &["a"]));
    assert!(!text("a", ">", &["a"]));
    assert!(text("ä", ">=", &["z"]));
}

#[test]
fn text_is_searched() {
    assert!(text("/etc/passwd", "contains", &["pass"]));
    assert!(text("/etc/passwd", "contains", &[""]));
    assert!(!text("/etc/passwd", "contains", &["PASS"]));
    assert!(text("/etc/passwd", "icontains", &["PaSs"]));
    assert!(!text("ä", "icontains", &["Ä"]));
    assert!(text("/etc/passwd", "startswith", &["/etc"]));
    assert!(!text("/etc", "startswith", &["/etc/"]));
    assert!(text("/etc/passwd", "endswith", &["wd"]));
    assert!(text("/etc/passwd", "glob", &["/e*wd"]));
    assert!(!text("/etc/passwd", "glob", &["/E*wd"]));
    assert!(text("/etc/passwd", "iglob", &["/E*wd"]));
    assert!(text("/etc/passwd", "regex", &["/etc/[a-z]+"]));
    assert!(!text("/etc/passwd", "regex", &["etc"]));
    assert!(text("/etc/passwd", "pmatch", &["/bin", "/etc"]));
    assert!(text("bash", "in", &["sh", "bash"]));
    assert!(!text("bash", "in", &[]));
    assert!(text("bash", "intersects", &["sh", "bash"]));
}

#[test]
fn modifiers_count() {
    for operator in [
        "=",
        "contains",
        "icontains",
        "startswith",
        "endswith",
        "glob",
        "regex",
    ] {
        let with = |modifier: &str| format!("{operator} {modifier}");
        assert!(text("x", &with("anyof"), &["y", "x"]), "{operator}");
        assert!(!text("x", &with("anyof"), &["y", "z"]), "{operator}");
        assert!(text("x", &with("allof"), &["x", "x"]), "{operator}");
        assert!(!text("x", &with("allof"), &["x", "y"]), "{operator}");
        assert!(text("x", &with("oneof"), &["x", "y"]), "{operator}");
        assert!(!text("x", &with("oneof"), &["x", "x"]), "{operator}");
        assert!(!text("x", &with("oneof"), &["y"]), "{operator}");
        for modifier in ["anyof", "allof", "oneof"] {
            assert!(!text("x", &with(modifier), &[]), "{operator} {modifier}");
        }
    }
    assert!(text("x", "!= allof", &["y", "z"]));
    assert!(!text("x", "!= allof", &["y", "x"]));
    assert!(text("x", "!= anyof", &["x", "y"]));
    assert!(!text("x", "!= anyof", &["x", "x"]));
    let many = ["p1", "p2", "p3", "p4", "p5"];
    assert!(text("a p4 b", "contains anyof", &many));
    assert!(text("a P4 b", "icontains anyof", &many));
    assert!(!text("a q b", "contains anyof", &many));
}

#[test]
fn numbers_compare_by_value() {
    let number = |found: Value, operator: &str, wanted: Value| {
        holds("unsigned", false, json!([found]), operator, json!([wanted]))
    };
    assert!(number(json!({"u": 22}), "=", json!({"u": 22})));
    assert!(number(json!({"u": 22}), "=", json!({"i": 22})));
    assert!(number(json!({"u": u64::MAX}), ">", json!({"i": -1})));
    assert!(number(json!({"i": -1}), "<", json!({"u": 0})));
    assert!(number(json!({"u": 5}), "!=", json!({"u": 6})));
    assert!(number(json!({"u": 5}), "<=", json!({"u": 5})));
    assert!(!number(json!({"u": 5}), ">=", json!({"u": 6})));
    let ports = json!([{"u": 443}, {"u": 22}, {"u": 80}]);
    assert!(holds(
        "unsigned",
        false,
        json!([{"u": 22}]),
        "in",
        ports.clone()
    ));
    assert!(!holds("unsigned", false, json!([{"u": 23}]), "in", ports));
    assert!(holds(
        "double",
        false,
        json!([{"f": 1.5}]),
        ">",
        json!([{"i": 1}])
    ));
    assert!(holds(
        "double",
        false,
        json!([{"f": 2.0}]),
        "in",
        json!([{"u": 2}])
    ));
    assert!(holds(
        "bool",
        false,
        json!([{"b": true}]),
        "=",
        json!([{"b": true}])
    ));
    assert!(holds(
        "bool",
        false,
        json!([{"b": false}]),
        "!=",
        json!([{"b": true}])
    ));
    assert!(holds(
        "bool",
        false,
        json!([{"b": false}]),
        "in",
        json!([{"b": false}])
    ));
}

#[test]
fn bytes_compare_whole() {
    let bytes = |operator: &str, wanted: &str| {
        holds(
            "bytes",
            false,
            json!([{"x": "cafe00babe"}]),
            operator,
            json!([{"x": wanted}]),
        )
    };
    assert!(bytes("=", "CAFE00BABE"));
    assert!(bytes("bcontains", "00ba"));
    assert!(bytes("bstartswith", "cafe"));
    assert!(bytes("startswith", "ca"));
    assert!(bytes("endswith", "be"));
    assert!(!bytes("contains", "beba"));
    assert!(bytes("in", "cafe00babe"));
}

#[test]
fn addresses_of_different_families_differ() {
    let address = |found: &str, operator: &str, wanted: &str| {
        holds(
            "ip",
            false,
            json!([{"ip": found}]),
            operator,
            json!([{"ip": wanted}]),
        )
    };
    assert!(address("10.0.0.1", "=", "10.0.0.1"));
    assert!(!address("10.0.0.1", "=", "::ffff:10.0.0.1"));
    assert!(address("10.0.0.1", "!=", "::1"));
    assert!(address("::1", "in", "::1"));
    let network = |found: &str, operator: &str, wanted: &str| {
        holds(
            "net",
            false,
            json!([{"ip": found}]),
            operator,
            json!([{"net": wanted}]),
        )
    };
    assert!(network("10.1.2.3", "=", "10.0.0.0/8"));
    assert!(network("10.1.2.3", "in", "10.0.0.0/8"));
    assert!(!network("11.1.2.3", "=", "10.0.0.0/8"));
    assert!(network("::1", "!=", "10.0.0.0/8"));
    assert!(!network("::1", "=", "0.0.0.0/0"));
    assert!(network("fd00::1", "= anyof", "fd00::/8"));
}

#[test]
fn an_absent_operand_makes_every_check_false() {
    let one = json!([{"s": "x"}]);
    for operator in ["=", "!=", "in", "intersects", "pmatch", "glob", "!= allof"] {
        assert!(
            !holds("string", false, json!([]), operator, one.clone()),
            "{operator}"
        );
    }
    assert!(!holds("string", false, json!([]), "exists", json!([])));
    assert!(holds("string", false, one, "exists", json!([])));
}

#[test]
fn lists_are_sets() {
    let list = |found: &[&str], operator: &str, wanted: &[&str]| {
        let scalars = |texts: &[&str]| {
            json!(
                texts
                    .iter()
                    .map(|text| json!({"s": text}))
                    .collect::<Vec<_>>()
            )
        };
        holds("string", true, scalars(found), operator, scalars(wanted))
    };
    assert!(list(&["a", "b"], "in", &["a", "b", "c"]));
    assert!(!list(&["a", "d"], "in", &["a", "b", "c"]));
    assert!(list(&["a", "d"], "intersects", &["a", "b"]));
    assert!(!list(&["d"], "intersects", &["a", "b"]));
    assert!(list(&["d"], "exists", &[]));
    assert!(!list(&[], "exists", &[]));
    assert!(!list(&[], "in", &["a"]));
}

#[test]
fn the_right_side_may_be_a_field() {
    let mut plan = PlanBuilder::default();
    let name = plan.field("name", "string", false);
    let parent = plan.field("parent", "string", false);
    let groups = plan.field("groups", "string", true);
    let allowed = plan.field("allowed", "string", true);
    let checks = [
        plan.check_right(name, "=", parent),
        plan.check_right(name, "!=", parent),
        plan.check_right(name, "startswith", parent),
        plan.check_right(name, "icontains", parent),
        plan.check_right(name, "glob", parent),
        plan.check_right(name, "= anyof", parent),
        plan.check_right(groups, "in", allowed),
        plan.check_right(groups, "intersects", allowed),
    ];
    for node in checks {
        plan.rule(node, node, json!([]));
    }
    let mut matcher = plan.matcher();
    let list = |texts: &[String]| json!(texts.iter().map(|t| json!({"s": t})).collect::<Vec<_>>());
    let found = event(json!({"name": [{"s": "bash"}], "parent": [{"s": "B"}],
        "groups": [{"s": "x"}, {"s": "y"}], "allowed": [{"s": "y"}]}));
    assert_eq!(matches(&mut matcher, &found), [1, 3, 7]);
    let many: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    let found = event(json!({"name": [{"s": "bash"}], "parent": [{"s": "b*"}],
        "groups": list(&many[..100]), "allowed": list(&many)}));
    assert_eq!(matches(&mut matcher, &found), [1, 4, 6, 7]);
    let absent = event(json!({"name": [{"s": "bash"}], "groups": [{"s": "x"}]}));
    assert_eq!(matches(&mut matcher, &absent), [0; 0]);
}

#[test]
fn transformers_feed_checks() {
    let mut plan = PlanBuilder::default();
    let args = plan.field("args", "string", true);
    let options = plan.text_constant("xn:");
    let parsed = plan.call("getopt", &[args, options], "string", true);
    let counted = plan.call("len", &[parsed], "unsigned", false);
    let space = plan.text_constant("+");
    let joined = plan.call("join", &[space, args], "string", false);
    let number = plan.field("number", "unsigned", false);
    let list = plan.operand(json!({"type": "list", "items": [joined, number]}));
    let listed = plan.call("join", &[space, list], "string", false);
    let upper = plan.call("toupper", &[listed], "string", false);
    let selected = plan.operand(json!({"type": "call", "function": "getopt",
        "arguments": [args, options], "argument": "n", "kind": "string", "list": false}));
    for node in [
        plan.check(counted, "=", json!([{"u": 0}])),
        plan.check(parsed, "exists", json!([])),
        plan.check(parsed, "in", json!([])),
        plan.check(upper, "=", json!([{"s": "-X+-NV+7"}])),
        plan.check(selected, "=", json!([{"s": "v"}])),
    ] {
        plan.rule(node, node, json!([]));
    }
    let mut matcher = plan.matcher();
    let found = event(json!({"args": [{"s": "-x"}, {"s": "-nv"}], "number": [{"u": 7}]}));
    assert_eq!(matches(&mut matcher, &found), [1, 3, 4]);
    // getopt that finds no option is present, and empty.
    let nothing = event(json!({"args": [{"s": "x"}]}));
    assert_eq!(matches(&mut matcher, &nothing), [0, 1, 2]);
    assert_eq!(matches(&mut matcher, &event(json!({}))), [0; 0]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |kind: &str, list: bool, operator: &str, values: Value| {
        let mut plan = PlanBuilder::default();
        let field = plan.field("f", kind, list);
        let node = plan.check(field, operator, values);
        plan.rule(node, node, json!([]));
        plan.try_matcher().err().map(|error| error.to_string())
    };
    let text = json!([{"s": "x"}]);
    assert!(refused("string", true, "=", text.clone()).is_some());
    assert!(refused("unsigned", false, "contains", json!([{"u": 1}])).is_some());
    assert!(refused("string", false, "bcontains", text.clone()).is_some());
    assert!(refused("bool", false, "<", json!([{"b": true}])).is_some());
    assert!(refused("string", false, "=", json!([])).is_some());
    assert!(refused("string", false, "=", json!([{"s": "a"}, {"s": "b"}])).is_some());
    assert!(refused("string", false, "in anyof", text.clone()).is_some());
    assert!(refused("string", false, "like", text.clone()).is_some());
    assert!(refused("unsigned", false, "=", text).is_some());
    assert_eq!(
        refused("string", false, "regex", json!([{"s": "["}])).unwrap(),
        "predicates[0]: invalid regex pattern: missing ]: ["
    );
}
