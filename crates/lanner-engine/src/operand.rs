//! Operands, ready to run: fields as extractors of the event source,
//! transformers as functions.

use lanner_event::EventSource;

use crate::error::PlanError;
use crate::plan::{Kind, OperandNode};
use crate::transform::Function;
use crate::value::Owned;

/// What computes the values of an operand.
pub(crate) enum Operand<S: EventSource> {
    Field(S::Extractor),
    Call {
        function: Function,
        arguments: Box<[u32]>,
    },
    Constant(Owned),
    List(Box<[u32]>),
}

/// What predicates and outputs need to know of an operand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// How its values compare.
    pub kind: Kind,
    /// Whether it is a list: only `in`, `intersects` and `exists` apply, and it
    /// prints in parentheses.
    pub list: bool,
}

impl OperandNode {
    /// Kind and list-ness; a constant or a list of a transformer is text.
    pub(crate) fn shape(&self) -> Shape {
        let (kind, list) = match self {
            Self::Field { kind, list, .. } | Self::Call { kind, list, .. } => (*kind, *list),
            Self::Constant { .. } => (Kind::String, false),
            Self::List { .. } => (Kind::String, true),
        };
        Shape { kind, list }
    }
}

/// Makes every operand of a checked plan executable.
pub(crate) fn compile<S: EventSource>(nodes: &[OperandNode]) -> Result<Vec<Operand<S>>, PlanError> {
    let mut operands = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let operand = compile_one(node, nodes)
            .map_err(|error| PlanError::new(format!("operands[{index}]: {error}")))?;
        operands.push(operand);
    }
    Ok(operands)
}

fn compile_one<S: EventSource>(
    node: &OperandNode,
    nodes: &[OperandNode],
) -> Result<Operand<S>, PlanError> {
    Ok(match node {
        OperandNode::Field { name, argument, .. } => Operand::Field(
            S::compile(name, argument.as_deref()).map_err(|error| PlanError::new(error.message))?,
        ),
        OperandNode::Call {
            function,
            arguments,
            argument,
            ..
        } => {
            let of_list = arguments
                .first()
                .is_some_and(|&first| nodes[first as usize].shape().list);
            Operand::Call {
                function: Function::new(function, arguments.len(), argument.as_deref(), of_list)?,
                arguments: arguments.as_slice().into(),
            }
        }
        OperandNode::Constant { value } => Operand::Constant(Owned::from_scalar(value)?),
        OperandNode::List { items } => Operand::List(items.as_slice().into()),
    })
}
