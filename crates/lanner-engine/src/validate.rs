//! Checks of a plan that need nothing but the plan: every index is there,
//! everything refers only backwards, sizes are bounded. What follows may then
//! index without a thought.

use crate::error::PlanError;
use crate::plan::{ConditionNode, DispatchKey, OperandNode, OutputPart, Plan, Predicate, RulePlan};

/// Transformers nest at most this deep; Falco's parser stops at 100 too.
const MAX_OPERAND_DEPTH: u32 = 100;
/// `%NNfield` pads to at most so many bytes.
const MAX_WIDTH: u32 = 1 << 16;
/// Every list of the plan has at most so many entries.
const MAX_ENTRIES: usize = 1 << 24;
/// Falco's priorities, emergency to debug.
const PRIORITIES: u8 = 8;

/// Checks references, order and bounds.
pub(crate) fn check(plan: &Plan) -> Result<(), PlanError> {
    for (what, length) in [
        ("operands", plan.operands.len()),
        ("predicates", plan.predicates.len()),
        ("nodes", plan.nodes.len()),
        ("rules", plan.rules.len()),
        ("dispatch", plan.dispatch.len()),
    ] {
        if length > MAX_ENTRIES {
            return Err(PlanError::new(format!(
                "{what}: {length} entries; the limit is {MAX_ENTRIES}"
            )));
        }
    }
    check_operands(&plan.operands)?;
    for (index, predicate) in plan.predicates.iter().enumerate() {
        check_predicate(index, predicate, plan.operands.len())?;
    }
    check_nodes(&plan.nodes, plan.predicates.len())?;
    for (index, rule) in plan.rules.iter().enumerate() {
        check_rule(index, rule, plan)?;
    }
    for (index, key) in plan.dispatch.iter().enumerate() {
        check_key(index, key, plan)?;
    }
    check_key_dependencies(plan)
}

fn refer(what: &str, index: usize, target: u32, limit: usize) -> Result<(), PlanError> {
    if (target as usize) < limit {
        return Ok(());
    }
    Err(PlanError::new(format!(
        "{what}[{index}] refers to {target}; it may refer to entries below {limit}"
    )))
}

fn check_operands(operands: &[OperandNode]) -> Result<(), PlanError> {
    let mut depths: Vec<u32> = Vec::with_capacity(operands.len());
    for (index, operand) in operands.iter().enumerate() {
        let children: &[u32] = match operand {
            OperandNode::Field { .. } | OperandNode::Constant { .. } => &[],
            OperandNode::Call { arguments, .. } => arguments,
            OperandNode::List { items } => items,
        };
        let mut depth = 0;
        for &child in children {
            refer("operands", index, child, index)?;
            depth = depth.max(depths[child as usize] + 1);
        }
        if depth > MAX_OPERAND_DEPTH {
            return Err(PlanError::new(format!(
                "operands[{index}] nests more than {MAX_OPERAND_DEPTH} deep"
            )));
        }
        depths.push(depth);
    }
    Ok(())
}

fn check_predicate(index: usize, predicate: &Predicate, operands: usize) -> Result<(), PlanError> {
    refer("predicates", index, predicate.left, operands)?;
    if let Some(right) = predicate.right {
        refer("predicates", index, right, operands)?;
        if !predicate.values.is_empty() {
            return Err(PlanError::new(format!(
                "predicates[{index}] has both constants and an operand on the right"
            )));
        }
    }
    Ok(())
}

fn check_nodes(nodes: &[ConditionNode], predicates: usize) -> Result<(), PlanError> {
    for (index, node) in nodes.iter().enumerate() {
        match node {
            ConditionNode::Predicate { predicate } => {
                refer("nodes", index, *predicate, predicates)?;
            }
            ConditionNode::Not { child } => refer("nodes", index, *child, index)?,
            ConditionNode::And { children } | ConditionNode::Or { children } => {
                for &child in children {
                    refer("nodes", index, child, index)?;
                }
            }
        }
    }
    Ok(())
}

fn check_rule(index: usize, rule: &RulePlan, plan: &Plan) -> Result<(), PlanError> {
    refer("rules", index, rule.condition, plan.nodes.len())?;
    refer("rules", index, rule.residual, plan.nodes.len())?;
    if rule.priority >= PRIORITIES {
        return Err(PlanError::new(format!(
            "rules[{index}] has priority {}; priorities are 0 to 7",
            rule.priority
        )));
    }
    for part in &rule.output {
        if let OutputPart::Field { operand, width } = part {
            refer("rules", index, *operand, plan.operands.len())?;
            if width.is_some_and(|width| width > MAX_WIDTH) {
                return Err(PlanError::new(format!(
                    "rules[{index}] pads an output to more than {MAX_WIDTH} bytes"
                )));
            }
        }
    }
    for &(_, operand) in &rule.fields {
        refer("rules", index, operand, plan.operands.len())?;
    }
    Ok(())
}

fn check_key(index: usize, key: &DispatchKey, plan: &Plan) -> Result<(), PlanError> {
    refer("dispatch", index, key.operand, plan.operands.len())?;
    for &(rule, node) in &key.required {
        refer("dispatch", index, rule, plan.rules.len())?;
        refer("dispatch", index, node, plan.nodes.len())?;
    }
    Ok(())
}

/// The fields that something depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fields {
    None,
    One(u32),
    Many,
}

impl Fields {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, fields) | (fields, Self::None) => fields,
            (one, two) if one == two => one,
            _ => Self::Many,
        }
    }

    fn of_all(parts: &[u32], known: &[Self]) -> Self {
        parts
            .iter()
            .fold(Self::None, |all, &part| all.and(known[part as usize]))
    }
}

/// The answer of a key's nodes is remembered per value of the key, so it must
/// depend on nothing else: a wrong plan would give wrong answers later.
fn check_key_dependencies(plan: &Plan) -> Result<(), PlanError> {
    if plan.dispatch.is_empty() {
        return Ok(());
    }
    let mut operands: Vec<Fields> = Vec::with_capacity(plan.operands.len());
    for (index, operand) in plan.operands.iter().enumerate() {
        operands.push(match operand {
            OperandNode::Field { .. } => Fields::One(index as u32),
            OperandNode::Constant { .. } => Fields::None,
            OperandNode::Call { arguments, .. } => Fields::of_all(arguments, &operands),
            OperandNode::List { items } => Fields::of_all(items, &operands),
        });
    }
    let mut nodes: Vec<Fields> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        nodes.push(match node {
            ConditionNode::Predicate { predicate } => {
                let predicate = &plan.predicates[*predicate as usize];
                let right = predicate.right.as_slice();
                operands[predicate.left as usize].and(Fields::of_all(right, &operands))
            }
            ConditionNode::Not { child } => nodes[*child as usize],
            ConditionNode::And { children } | ConditionNode::Or { children } => {
                Fields::of_all(children, &nodes)
            }
        });
    }
    for (index, key) in plan.dispatch.iter().enumerate() {
        if operands[key.operand as usize] != Fields::One(key.operand) {
            return Err(PlanError::new(format!(
                "dispatch[{index}] is by something else than a field"
            )));
        }
        for &(_, node) in &key.required {
            let fields = nodes[node as usize];
            if fields != Fields::None && fields != Fields::One(key.operand) {
                return Err(PlanError::new(format!(
                    "dispatch[{index}] requires node {node}, which depends on more than the key"
                )));
            }
        }
    }
    Ok(())
}
