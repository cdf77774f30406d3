//! Conditions, dispatch and rule order, against a plain interpreter.

mod common;

use common::{PlanBuilder, event, matches};
use lanner_engine::{MapSource, Matcher};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn conditions_nest_as_deep_as_they_like() {
    let mut plan = PlanBuilder::default();
    let field = plan.field("f", "string", false);
    let mut node = plan.check(field, "=", json!([{"s": "x"}]));
    for _ in 0..200_000 {
        node = plan.node(json!({"type": "not", "child": node}));
    }
    plan.rule(node, node, json!([]));
    let mut matcher = plan.matcher();
    assert_eq!(
        matches(&mut matcher, &event(json!({"f": [{"s": "x"}]}))),
        [0]
    );
    assert_eq!(
        matches(&mut matcher, &event(json!({"f": [{"s": "y"}]}))),
        [0; 0]
    );
}

#[test]
fn not_of_an_absent_comparison_is_true() {
    let mut plan = PlanBuilder::default();
    let field = plan.field("f", "string", false);
    let equal = plan.check(field, "=", json!([{"s": "x"}]));
    let not = plan.node(json!({"type": "not", "child": equal}));
    let all = plan.node(json!({"type": "and", "children": []}));
    let none = plan.node(json!({"type": "or", "children": []}));
    for node in [equal, not, all, none] {
        plan.rule(node, node, json!([]));
    }
    assert_eq!(matches(&mut plan.matcher(), &event(json!({}))), [1, 2]);
}

#[test]
fn the_first_rule_hides_the_others() {
    let mut plan = PlanBuilder::default();
    let all = plan.node(json!({"type": "and", "children": []}));
    let none = plan.node(json!({"type": "or", "children": []}));
    for node in [none, all, all] {
        plan.rule(node, node, json!([]));
    }
    let found = event(json!({}));
    assert_eq!(matches(&mut plan.matcher(), &found), [1, 2]);
    plan.first_only();
    let mut matcher = plan.matcher();
    assert_eq!(matches(&mut matcher, &found), [1]);
    let counters = matcher.counters();
    assert_eq!(counters.events, 1);
    let evaluated: Vec<u64> = counters.rules.iter().map(|rule| rule.evaluated).collect();
    let matched: Vec<u64> = counters.rules.iter().map(|rule| rule.matched).collect();
    assert_eq!((evaluated, matched), (vec![0, 1, 0], vec![0, 1, 0]));
}

#[test]
fn dispatch_forgets_rather_than_grow() {
    let mut plan = PlanBuilder::default();
    let field = plan.field("f", "unsigned", false);
    let all = plan.node(json!({"type": "and", "children": []}));
    let mut required = Vec::new();
    for wanted in 0..100 {
        let node = plan.check(field, "=", json!([{"u": wanted}]));
        let rule = plan.rule(node, all, json!([]));
        required.push((rule, node));
    }
    plan.key(field, json!(required));
    let mut matcher = plan.matcher();
    for round in 0..3 {
        for value in 0..5000 {
            let found = matches(&mut matcher, &event(json!({"f": [{"u": value}]})));
            let expected: Vec<usize> = (value < 100).then_some(value).into_iter().collect();
            assert_eq!(found, expected, "round {round}");
        }
    }
    assert!(matcher.counters().dispatch_resets >= 3);
    // No rule was evaluated that could not match.
    assert!(
        matcher
            .counters()
            .rules
            .iter()
            .all(|rule| rule.evaluated == 3)
    );
}

#[test]
fn a_key_may_only_require_what_depends_on_it() {
    let mut plan = PlanBuilder::default();
    let one = plan.field("one", "string", false);
    let other = plan.field("other", "string", false);
    let node = plan.check(other, "=", json!([{"s": "x"}]));
    let rule = plan.rule(node, node, json!([]));
    plan.key(one, json!([[rule, node]]));
    assert!(plan.try_matcher().is_err());
}

/// The plain interpreter: `nodes[root]` for an event, by the book.
fn holds(plan: &Value, root: usize, fields: &Value) -> bool {
    let node = &plan["nodes"][root];
    let children = || {
        let children = node["children"].as_array().unwrap().iter();
        children.map(|child| holds(plan, child.as_u64().unwrap() as usize, fields))
    };
    match node["type"].as_str().unwrap() {
        "not" => !holds(plan, node["child"].as_u64().unwrap() as usize, fields),
        "and" => children().all(|truth| truth),
        "or" => children().any(|truth| truth),
        _ => {
            let predicate = &plan["predicates"][node["predicate"].as_u64().unwrap() as usize];
            let operand = &plan["operands"][predicate["left"].as_u64().unwrap() as usize];
            let found = fields[operand["name"].as_str().unwrap()].as_array();
            let found = found.map_or(&[][..], Vec::as_slice);
            let wanted = predicate["values"].as_array().unwrap();
            let is_in = |value: &Value| wanted.contains(value);
            if found.is_empty() {
                return false;
            }
            match predicate["operator"].as_str().unwrap() {
                "exists" => true,
                "intersects" => found.iter().any(is_in),
                "in" => found.iter().all(is_in),
                "=" => found[0] == wanted[0],
                "!=" => found[0] != wanted[0],
                other => {
                    let (found, wanted) = (&found[0]["s"], &wanted[0]["s"]);
                    let (found, wanted) = (found.as_str().unwrap(), wanted.as_str().unwrap());
                    match other {
                        "startswith" => found.starts_with(wanted),
                        "endswith" => found.ends_with(wanted),
                        "contains" => found.contains(wanted),
                        _ => panic!("{other}"),
                    }
                }
            }
        }
    }
}

const FIELDS: [(&str, bool); 4] = [
    ("a", false),
    ("b", false),
    ("list", true),
    ("evt.type", false),
];

/// The classes of events that the texts stand for; the empty one is of no class.
fn text_of(field: usize, text: &'static str) -> &'static str {
    match (FIELDS[field].0, text) {
        ("evt.type", "x") => "open",
        ("evt.type", "xy") => "openat",
        ("evt.type", "z") => "close",
        _ => text,
    }
}

fn values() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(vec!["", "x", "xy", "z"]), 0..3)
}

/// A field, an operator, values.
fn checks() -> impl Strategy<Value = Vec<(usize, usize, Vec<&'static str>)>> {
    prop::collection::vec((0..FIELDS.len(), 0..8_usize, values()), 1..8)
}

/// Kind of node and children, counted back from the node.
fn shapes() -> impl Strategy<Value = Vec<(u8, Vec<usize>)>> {
    prop::collection::vec((0..3_u8, prop::collection::vec(1..9_usize, 0..4)), 0..14)
}

fn events() -> impl Strategy<Value = Vec<Vec<Vec<&'static str>>>> {
    prop::collection::vec(prop::collection::vec(values(), FIELDS.len()), 1..12)
}

fn scalars(texts: &[&str]) -> Value {
    json!(
        texts
            .iter()
            .map(|text| json!({"s": text}))
            .collect::<Vec<_>>()
    )
}

/// A random plan: some nodes, and rules that are conjunctions of what a
/// dispatch key decides and of something else.
fn random_plan(
    checks: &[(usize, usize, Vec<&'static str>)],
    shapes: &[(u8, Vec<usize>)],
    rules: &[(usize, usize, usize)],
) -> PlanBuilder {
    let mut plan = PlanBuilder::default();
    for (name, list) in FIELDS {
        plan.field(name, "string", list);
    }
    let mut looks: Vec<Option<usize>> = Vec::new();
    for (field, operator, values) in checks {
        let list = FIELDS[*field].1;
        let operator = match (operator, list) {
            (0, _) => "exists",
            (1, _) => "in",
            (2, _) | (_, true) => "intersects",
            (3, _) => "=",
            (4, _) => "!=",
            (5, _) => "startswith",
            (6, _) => "endswith",
            _ => "contains",
        };
        let values: Vec<&str> = values.iter().map(|text| text_of(*field, text)).collect();
        let one = [values.first().copied().unwrap_or("x")];
        let values = match operator {
            "exists" => &[][..],
            "in" | "intersects" => &values,
            _ => &one,
        };
        plan.check(*field, operator, scalars(values));
        looks.push(Some(*field));
    }
    for (kind, back) in shapes {
        let at = looks.len();
        let children: Vec<usize> = back.iter().map(|back| at - back.min(&at)).collect();
        let node = match kind {
            0 => json!({"type": "not", "child": children.first().copied().unwrap_or(0)}),
            1 => json!({"type": "and", "children": children}),
            _ => json!({"type": "or", "children": children}),
        };
        let mut seen: Vec<Option<usize>> = match kind {
            0 => vec![looks[children.first().copied().unwrap_or(0)]],
            _ => children.iter().map(|&child| looks[child]).collect(),
        };
        seen.dedup();
        plan.node(node);
        looks.push(if seen.len() == 1 { seen[0] } else { None });
    }
    let mut required: Vec<Vec<(usize, usize)>> = vec![Vec::new(); FIELDS.len()];
    let nodes = looks.len();
    for &(one, other, key) in rules {
        let (one, other) = (one % nodes, other % nodes);
        let both = plan.node(json!({"type": "and", "children": [one, other]}));
        let keyed = looks[one].filter(|&field| field == key);
        let rule = plan.rule(both, if keyed.is_some() { other } else { both }, json!([]));
        if let Some(field) = keyed {
            required[field].push((rule, one));
        }
    }
    for (field, required) in required.into_iter().enumerate() {
        if !required.is_empty() {
            plan.key(field, json!(required));
        }
    }
    plan
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn agrees_with_the_plain_interpreter(
        checks in checks(),
        shapes in shapes(),
        rules in prop::collection::vec((0..64_usize, 0..64_usize, 0..4_usize), 0..80),
        events in events(),
    ) {
        let builder = random_plan(&checks, &shapes, &rules);
        let plan = builder.json();
        let mut matcher: Matcher<MapSource> = builder.matcher();
        // What is remembered of an event must do for the same event when it comes back.
        for found in events.iter().chain(&events).chain(&events) {
            let fields: Value = FIELDS
                .iter()
                .enumerate()
                .zip(found)
                .map(|((field, (name, list)), values)| {
                    let most = if *list { values.len() } else { 1 };
                    let values = values.iter().take(most).map(|text| text_of(field, text));
                    ((*name).to_owned(), scalars(&values.collect::<Vec<_>>()))
                })
                .collect::<serde_json::Map<_, _>>()
                .into();
            let expected: Vec<usize> = (0..rules.len())
                .filter(|&rule| {
                    let condition = plan["rules"][rule]["condition"].as_u64().unwrap();
                    holds(&plan, condition as usize, &fields)
                })
                .collect();
            prop_assert_eq!(matches(&mut matcher, &event(fields)), expected);
        }
    }
}
