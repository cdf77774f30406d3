//! Condition nodes, flat: children are ranges of one list of indices.

use crate::plan::ConditionNode;

/// A node of the shared condition graph.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node {
    Predicate(u32),
    Not(u32),
    /// All of `children[start..end]`; of none, true.
    And {
        start: u32,
        end: u32,
    },
    /// One of `children[start..end]`; of none, false.
    Or {
        start: u32,
        end: u32,
    },
}

/// All nodes of a plan.
pub(crate) struct Nodes {
    pub nodes: Box<[Node]>,
    pub children: Box<[u32]>,
}

impl Nodes {
    /// Flattens the nodes of a checked plan.
    pub(crate) fn new(plan: &[ConditionNode]) -> Self {
        let mut all: Vec<u32> = Vec::new();
        let mut flatten = |children: &[u32]| {
            let start = all.len() as u32;
            all.extend_from_slice(children);
            (start, all.len() as u32)
        };
        let nodes = plan
            .iter()
            .map(|node| match node {
                ConditionNode::Predicate { predicate } => Node::Predicate(*predicate),
                ConditionNode::Not { child } => Node::Not(*child),
                ConditionNode::And { children } => {
                    let (start, end) = flatten(children);
                    Node::And { start, end }
                }
                ConditionNode::Or { children } => {
                    let (start, end) = flatten(children);
                    Node::Or { start, end }
                }
            })
            .collect();
        Self {
            nodes,
            children: all.into(),
        }
    }
}
