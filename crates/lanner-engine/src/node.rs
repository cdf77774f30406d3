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
#[derive(Default)]
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

    /// The same nodes, under the same numbers, for events of which some answers are known
    /// beforehand: these become constants, and no parent looks at them.
    pub(crate) fn specialised(&self, known: &[Option<bool>]) -> Self {
        let mut all: Vec<u32> = Vec::new();
        let mut nodes: Vec<Node> = Vec::with_capacity(self.nodes.len());
        let mut remaining = |start: u32, end: u32, nodes: &[Node], make: fn(u32, u32) -> Node| {
            let first = all.len();
            let children = &self.children[start as usize..end as usize];
            all.extend(
                children
                    .iter()
                    .filter(|child| known[**child as usize].is_none()),
            );
            if let [only] = all[first..] {
                all.truncate(first);
                return nodes[only as usize];
            }
            make(first as u32, all.len() as u32)
        };
        for (node, known) in self.nodes.iter().zip(known) {
            let node = match (*node, known) {
                (_, Some(true)) => Node::And { start: 0, end: 0 },
                (_, Some(false)) => Node::Or { start: 0, end: 0 },
                (Node::And { start, end }, None) => {
                    remaining(start, end, &nodes, |start, end| Node::And { start, end })
                }
                (Node::Or { start, end }, None) => {
                    remaining(start, end, &nodes, |start, end| Node::Or { start, end })
                }
                (other, None) => other,
            };
            nodes.push(node);
        }
        Self {
            nodes: nodes.into(),
            children: all.into(),
        }
    }

    /// The children of a node.
    pub(crate) fn children_of<'n>(&'n self, node: &'n Node) -> &'n [u32] {
        match node {
            Node::Predicate(_) => &[],
            Node::Not(child) => std::slice::from_ref(child),
            Node::And { start, end } | Node::Or { start, end } => {
                &self.children[*start as usize..*end as usize]
            }
        }
    }
}
