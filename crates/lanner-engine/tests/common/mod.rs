//! Plans and events for tests, made by hand.
#![allow(dead_code)]

use bumpalo::Bump;
use lanner_engine::{Alerts, MapEvent, MapSource, Matcher, PlanError};
use serde_json::{Value, json};

/// Collects the lists of a plan; every method returns an index.
#[derive(Default)]
pub struct PlanBuilder {
    operands: Vec<Value>,
    predicates: Vec<Value>,
    nodes: Vec<Value>,
    rules: Vec<Value>,
    dispatch: Vec<Value>,
    first: bool,
}

impl PlanBuilder {
    pub fn operand(&mut self, operand: Value) -> usize {
        self.operands.push(operand);
        self.operands.len() - 1
    }

    pub fn field(&mut self, name: &str, kind: &str, list: bool) -> usize {
        self.operand(
            json!({"type": "field", "name": name, "argument": null, "kind": kind, "list": list}),
        )
    }

    pub fn text_constant(&mut self, text: &str) -> usize {
        self.operand(json!({"type": "constant", "value": {"s": text}}))
    }

    pub fn call(&mut self, function: &str, arguments: &[usize], kind: &str, list: bool) -> usize {
        self.operand(
            json!({"type": "call", "function": function, "arguments": arguments,
            "argument": null, "kind": kind, "list": list}),
        )
    }

    /// A predicate as a node; the operator may have a modifier: `= anyof`.
    pub fn check(&mut self, left: usize, operator: &str, values: Value) -> usize {
        self.predicate(left, operator, values, Value::Null)
    }

    pub fn check_right(&mut self, left: usize, operator: &str, right: usize) -> usize {
        self.predicate(left, operator, json!([]), json!(right))
    }

    fn predicate(&mut self, left: usize, operator: &str, values: Value, right: Value) -> usize {
        let (operator, modifier) = match operator.split_once(' ') {
            Some((operator, modifier)) => (operator, Some(modifier)),
            None => (operator, None),
        };
        let lifetime = match self.operands[left]["name"].as_str() {
            Some("a" | "list") => "process",
            Some("b") => "fd",
            _ => "event",
        };
        self.predicates.push(
            json!({"left": left, "operator": operator, "modifier": modifier,
            "values": values, "right": right, "cost": 1, "lifetime": lifetime}),
        );
        let predicate = self.predicates.len() - 1;
        self.node(json!({"type": "predicate", "predicate": predicate}))
    }

    pub fn node(&mut self, node: Value) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    pub fn rule(&mut self, condition: usize, residual: usize, output: Value) -> usize {
        self.rule_with_fields(condition, residual, output, json!([]))
    }

    pub fn rule_with_fields(
        &mut self,
        condition: usize,
        residual: usize,
        output: Value,
        fields: Value,
    ) -> usize {
        let id = self.rules.len();
        self.rules.push(
            json!({"id": id, "name": format!("Rule {id}"), "priority": 4,
            "tags": ["T1555", "container"], "condition": condition, "residual": residual,
            "output": output, "fields": fields}),
        );
        id
    }

    pub fn key(&mut self, operand: usize, required: Value) {
        self.dispatch
            .push(json!({"operand": operand, "required": required}));
    }

    pub fn first_only(&mut self) {
        self.first = true;
    }

    pub fn json(&self) -> Value {
        json!({"version": 1, "source": "syscall",
            "rule_matching": if self.first { "first" } else { "all" },
            "operands": self.operands, "predicates": self.predicates, "nodes": self.nodes,
            "rules": self.rules, "dispatch": self.dispatch})
    }

    pub fn matcher(&self) -> Matcher<MapSource> {
        self.try_matcher().unwrap()
    }

    pub fn try_matcher(&self) -> Result<Matcher<MapSource>, PlanError> {
        Matcher::new(self.json().to_string().as_bytes())
    }
}

pub fn event(fields: Value) -> MapEvent {
    let event = json!({"time_ns": 1_795_419_851_376_269_520_u64, "fields": fields});
    MapEvent::from_json(event.to_string().as_bytes()).unwrap()
}

pub fn matches(matcher: &mut Matcher<MapSource>, event: &MapEvent) -> Vec<usize> {
    let mut matched = Vec::new();
    matcher.matches(&event, &Bump::new(), |rule| matched.push(rule));
    matched
}

pub fn alerts(matcher: &mut Matcher<MapSource>, event: &MapEvent) -> Alerts {
    let mut alerts = matcher.batch();
    matcher.alerts(&event, &Bump::new(), &mut alerts);
    alerts
}

/// Whether `name operator values` holds for the values of a field.
pub fn holds(kind: &str, list: bool, found: Value, operator: &str, values: Value) -> bool {
    let mut plan = PlanBuilder::default();
    let field = plan.field("f", kind, list);
    let node = plan.check(field, operator, values);
    plan.rule(node, node, json!([]));
    !matches(&mut plan.matcher(), &event(json!({"f": found}))).is_empty()
}
