//! How the cost of an event that matches nothing grows with the rules:
//! `cargo run --release -p lanner-engine --example bench_engine`.
//!
//! The rules look like those for Kubernetes audit events: a verb, a resource,
//! and something about the name or the user. Extraction is nearly free here, so
//! that the engine alone is measured.

use std::time::Instant;

use bumpalo::Bump;
use lanner_engine::Matcher;
use lanner_event::{EventSource, ExtractorError, Value, Values};
use serde_json::json;

const FIELDS: [&str; 5] = ["verb", "resource", "name", "user", "uri"];
const EVENTS: usize = 2_000_000;

/// Events that are five strings.
struct Strings;

impl EventSource for Strings {
    type Event<'e> = [&'e str; FIELDS.len()];
    type Extractor = usize;

    fn compile(field: &str, _: Option<&str>) -> Result<usize, ExtractorError> {
        FIELDS
            .iter()
            .position(|&name| name == field)
            .ok_or_else(|| ExtractorError {
                message: format!("no field {field}"),
            })
    }

    fn extract<'e>(
        extractor: &usize,
        event: &[&'e str; FIELDS.len()],
        _: &'e Bump,
        out: &mut Values<'e>,
    ) {
        out.push(Value::Str(event[*extractor].as_bytes()));
    }

    fn time_ns(_: &Self::Event<'_>) -> u64 {
        0
    }
}

/// A plan of so many rules.
fn plan(rules: usize, dispatch: bool) -> Vec<u8> {
    let operands: Vec<_> = FIELDS
        .iter()
        .map(|name| {
            json!({"type": "field", "name": name, "argument": null, "kind": "string",
                "list": false})
        })
        .collect();
    let mut predicates = Vec::new();
    let mut nodes = Vec::new();
    let mut plan_rules = Vec::new();
    let (mut by_verb, mut by_resource) = (Vec::new(), Vec::new());
    for rule in 0..rules {
        let mut check = |left: usize, operator: &str, values: &[String]| {
            let values: Vec<_> = values.iter().map(|value| json!({"s": value})).collect();
            let predicate = json!({"left": left, "operator": operator, "modifier": null,
                "values": values, "right": null, "cost": 1, "lifetime": "event"});
            let known = predicates.iter().position(|known| *known == predicate);
            known.unwrap_or_else(|| {
                predicates.push(predicate);
                nodes.push(json!({"type": "predicate", "predicate": nodes.len()}));
                predicates.len() - 1
            })
        };
        let verb = check(0, "in", &["create".into(), format!("verb{}", rule % 5)]);
        let resource = check(1, "=", &[format!("resource{}", rule % 60)]);
        let name = check(2, "startswith", &[format!("kube-{rule}")]);
        let user = check(3, "contains", &[format!("admin{}", rule % 20)]);
        plan_rules.push((verb, resource, name, user));
    }
    let mut rules_json = Vec::new();
    for (id, &(verb, resource, name, user)) in plan_rules.iter().enumerate() {
        nodes.push(json!({"type": "or", "children": [name, user]}));
        let rest = nodes.len() - 1;
        nodes.push(json!({"type": "and", "children": [verb, resource, rest]}));
        let condition = nodes.len() - 1;
        by_verb.push((id, verb));
        by_resource.push((id, resource));
        rules_json.push(
            json!({"id": id, "name": format!("rule {id}"), "priority": 4,
            "tags": [], "condition": condition,
            "residual": if dispatch { rest } else { condition }, "output": [], "fields": []}),
        );
    }
    let keys = json!([{"operand": 0, "required": by_verb},
        {"operand": 1, "required": by_resource}]);
    json!({"version": 1, "source": "bench", "rule_matching": "all", "operands": operands,
        "predicates": predicates, "nodes": nodes, "rules": rules_json,
        "dispatch": if dispatch { keys } else { json!([]) }})
    .to_string()
    .into_bytes()
}

fn main() {
    let verbs = ["get", "list", "watch", "update", "create", "patch"];
    let resources: Vec<String> = (0..90).map(|number| format!("resource{number}")).collect();
    let names: Vec<String> = (0..997).map(|number| format!("pod-{number}")).collect();
    println!(
        "{:>6} {:>9} {:>12} {:>10}",
        "rules", "dispatch", "events/s", "ns/event"
    );
    for (rules, dispatch) in [
        (10, true),
        (48, true),
        (250, true),
        (1000, true),
        (48, false),
        (1000, false),
    ] {
        let mut matcher: Matcher<Strings> = match Matcher::new(&plan(rules, dispatch)) {
            Ok(matcher) => matcher,
            Err(error) => {
                eprintln!("{error}");
                return;
            }
        };
        let count = if dispatch { EVENTS } else { EVENTS / 20 };
        let mut arena = Bump::new();
        let mut matched = 0;
        let begin = Instant::now();
        for number in 0..count {
            arena.reset();
            let event = [
                verbs[number % verbs.len()],
                &resources[number % resources.len()],
                &names[number % names.len()],
                "system:serviceaccount:default:builder",
                "/api/v1/namespaces/default/pods",
            ];
            matcher.matches(&event, &arena, |_| matched += 1);
        }
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "{rules:>6} {:>9} {:>12.0} {:>10.0}",
            if dispatch { "yes" } else { "no" },
            count as f64 / seconds,
            seconds / count as f64 * 1e9
        );
        assert_eq!(matched, 0);
    }
}
