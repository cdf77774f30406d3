//! Plans and events that were made to break something: whatever comes in,
//! nothing panics, and a plan that is taken runs.

mod common;

use bumpalo::Bump;
use common::{PlanBuilder, alerts, event, matches};
use lanner_engine::{MapEvent, MapSource, Matcher, TimeStyle};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A plan in which everything occurs.
fn everything() -> Value {
    let mut plan = PlanBuilder::default();
    let name = plan.field("name", "string", false);
    let list = plan.field("list", "string", true);
    let port = plan.field("port", "unsigned", false);
    let address = plan.field("address", "net", false);
    let bytes = plan.field("bytes", "bytes", false);
    let comma = plan.text_constant(",");
    let joined = plan.call("join", &[comma, list], "string", false);
    let items = plan.operand(json!({"type": "list", "items": [name, joined, port]}));
    let parsed = plan.call("getopt", &[items, comma], "string", true);
    let length = plan.call("len", &[parsed], "unsigned", false);
    let decoded = plan.call("b64", &[name], "string", false);
    let glued = plan.call("concat", &[name, decoded, joined], "string", false);
    let checks = [
        plan.check(name, "=", json!([{"s": "x"}])),
        plan.check(name, "pmatch", json!([{"s": "/etc/*"}, {"s": "/"}])),
        plan.check(name, "glob", json!([{"s": "[a-z]*?x"}])),
        plan.check(name, "regex", json!([{"s": "(a|b)*c{2,3}"}])),
        plan.check(glued, "icontains anyof", json!([{"s": "a"}, {"s": "b"}])),
        plan.check(port, "in", json!([{"u": 1}, {"i": 2}])),
        plan.check(length, ">=", json!([{"u": 1}])),
        plan.check(address, "in", json!([{"net": "10.0.0.0/8"}])),
        plan.check(bytes, "bcontains", json!([{"x": "00ff"}])),
        plan.check(list, "intersects", json!([{"s": "a"}, {"s": "b"}])),
        plan.check_right(name, "startswith", decoded),
        plan.check_right(list, "in", parsed),
    ];
    let any = plan.node(json!({"type": "or", "children": checks}));
    let not = plan.node(json!({"type": "not", "child": any}));
    let all = plan.node(json!({"type": "and", "children": [any, not, any]}));
    let output = json!([{"type": "text", "text": "x "},
        {"type": "field", "operand": list, "width": 5}]);
    for node in [any, not, all] {
        plan.rule_with_fields(
            node,
            node,
            output.clone(),
            json!([["list", list], ["n", name]]),
        );
    }
    plan.key(name, json!([[0, checks[0]], [2, checks[1]]]));
    plan.json()
}

fn events() -> Vec<MapEvent> {
    vec![
        event(json!({})),
        event(
            json!({"name": [{"s": "eA=="}], "list": [{"s": "a"}, {"s": "-x"}],
            "port": [{"u": 1}], "address": [{"ip": "10.0.0.1"}], "bytes": [{"x": "00ff"}]}),
        ),
        // Kinds that the plan does not expect, and several values.
        event(
            json!({"name": [{"u": 1}, {"s": ""}], "list": [{"b": true}], "port": [{"s": "x"}],
            "address": [{"net": "10.0.0.0/8"}], "bytes": [{"f": 0.5}]}),
        ),
    ]
}

/// A small change at one place of a JSON value.
fn mutate(value: &mut Value, path: &[u16], change: &Value) {
    let Some((&step, rest)) = path.split_first() else {
        *value = change.clone();
        return;
    };
    let step = usize::from(step);
    match value {
        Value::Array(items) if !items.is_empty() => {
            let at = step % items.len();
            match (rest.is_empty(), step % 3) {
                (true, 0) => {
                    items.remove(at);
                }
                (true, 1) => items.push(items[at].clone()),
                _ => mutate(&mut items[at], rest, change),
            }
        }
        Value::Object(members) if !members.is_empty() => {
            let at = step % members.len();
            if let Some(member) = members.values_mut().nth(at) {
                mutate(member, rest, change);
            }
        }
        other => *other = change.clone(),
    }
}

fn changes() -> impl Strategy<Value = Value> {
    let words = [
        "x",
        "=",
        "in",
        "regex",
        "glob",
        "exists",
        "string",
        "unsigned",
        "net",
        "getopt",
        "len",
        "join",
        "anyof",
        "oneof",
        "event",
        "(",
        "[a",
        "first",
        "10.0.0.0/99",
        "zz",
    ];
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        any::<bool>().prop_map(Value::from),
        (0..30_u32).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
    ]
}

fn run(plan: &[u8]) -> bool {
    let Ok(mut matcher) = Matcher::<MapSource>::new(plan) else {
        return false;
    };
    let mut batch = matcher.batch();
    for found in &events() {
        matcher.alerts(&found, &Bump::new(), &mut batch);
    }
    let mut out = Vec::new();
    batch.write_text(TimeStyle::default(), &mut out);
    batch.write_json_lines(Default::default(), &mut out);
    batch.write_json_array(&mut out);
    true
}

#[test]
fn the_plan_itself_runs() {
    assert!(run(everything().to_string().as_bytes()));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn changed_plans_do_not_panic(
        edits in prop::collection::vec(
            (prop::collection::vec(any::<u16>(), 1..6), changes()), 1..4),
    ) {
        let mut plan = everything();
        for (path, change) in &edits {
            mutate(&mut plan, path, change);
        }
        run(plan.to_string().as_bytes());
    }

    #[test]
    fn random_regexes_do_not_panic(
        pattern in "[a-c(){}\\[\\]^$|*+?.\\\\:,0-9-]{0,16}",
        text in "[a-c\n]{0,10}",
    ) {
        if lanner_engine::check_regex(&pattern).is_ok() {
            let mut plan = PlanBuilder::default();
            let field = plan.field("f", "string", false);
            let node = plan.check(field, "regex", json!([{"s": pattern}]));
            plan.rule(node, node, json!([]));
            matches(&mut plan.matcher(), &event(json!({"f": [{"s": text}]})));
        }
    }

    #[test]
    fn truncated_plans_do_not_panic(end in 0..4000_usize) {
        let plan = everything().to_string();
        run(&plan.as_bytes()[..end.min(plan.len())]);
    }
}

#[test]
fn doubling_stops() {
    let mut plan = PlanBuilder::default();
    let mut text = plan.field("f", "string", false);
    let mut list = plan.field("f", "string", false);
    for _ in 0..90 {
        text = plan.call("concat", &[text, text], "string", false);
        list = plan.operand(json!({"type": "list", "items": [list, list]}));
    }
    let comma = plan.text_constant(",");
    let joined = plan.call("join", &[comma, list], "string", false);
    let long = plan.check(text, "exists", json!([]));
    let many = plan.check(joined, "exists", json!([]));
    plan.rule(long, long, json!([]));
    plan.rule(many, many, json!([]));
    let found = event(json!({"f": [{"s": "xxxxxxxx"}]}));
    assert_eq!(matches(&mut plan.matcher(), &found), [0; 0]);
}

#[test]
fn operands_nest_only_so_deep() {
    let mut plan = PlanBuilder::default();
    let mut operand = plan.field("f", "string", false);
    for _ in 0..101 {
        operand = plan.call("tolower", &[operand], "string", false);
    }
    let node = plan.check(operand, "=", json!([{"s": "x"}]));
    plan.rule(node, node, json!([]));
    let error = plan.try_matcher().err().unwrap().to_string();
    assert_eq!(error, "operands[101] nests more than 100 deep");
}

#[test]
fn another_version_is_named() {
    let error = Matcher::<MapSource>::new(b"{\"version\": 2}")
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "the plan has version 2; this engine runs version 1"
    );
    assert!(Matcher::<MapSource>::new(b"").is_err());
    let empty = PlanBuilder::default();
    assert!(alerts(&mut empty.matcher(), &event(json!({}))).is_empty());
}
