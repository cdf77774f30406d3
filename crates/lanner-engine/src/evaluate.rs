//! Evaluation of operands, predicates and conditions for one event. Each is
//! computed at most once: what was computed is marked with the number of the
//! event (the epoch), so nothing has to be cleared in between.

use bumpalo::Bump;
use lanner_event::schema::Format;
use lanner_event::{EventSource, Subject, SubjectId, Value, Values};

use crate::class::{ClassPlan, Condition};
use crate::error::PlanError;
use crate::node::{Node, Nodes};
use crate::operand::{self, Operand, Shape};
use crate::ops::{self, Check, Test};
use crate::plan::Plan;
use crate::transform::{self, Span};
use crate::value::Owned;

/// Room for so many values before an event's table grows.
const FIRST_VALUES: usize = 64;

/// The executable plan; does not change while events run.
pub(crate) struct Program<S: EventSource> {
    operands: Vec<Operand<S>>,
    pub shapes: Vec<Shape>,
    checks: Vec<Check>,
    nodes: Nodes,
}

impl<S: EventSource> Program<S> {
    pub(crate) fn new(plan: &Plan) -> Result<Self, PlanError> {
        let mut checks = Vec::with_capacity(plan.predicates.len());
        for (index, predicate) in plan.predicates.iter().enumerate() {
            let check = ops::compile(predicate, &plan.operands)
                .map_err(|error| PlanError::new(format!("predicates[{index}]: {error}")))?;
            checks.push(check);
        }
        Ok(Self {
            operands: operand::compile::<S>(&plan.operands)?,
            shapes: plan.operands.iter().map(|node| node.shape()).collect(),
            checks,
            nodes: Nodes::new(&plan.nodes),
        })
    }

    /// Whether the class of an event decides the operand.
    pub(crate) fn decided_by_class(&self, operand: u32) -> bool {
        matches!(&self.operands[operand as usize], Operand::Field(extractor) if S::decided_by_class(extractor))
    }

    /// Whether the class of an event decides a check.
    fn class_decides(&self, check: &Check) -> bool {
        !matches!(check.test, Test::Right(_)) && self.decided_by_class(check.left)
    }

    /// Room for the answers of one event after the other.
    pub(crate) fn memory(&self) -> Memory {
        Memory {
            epoch: 0,
            operands: vec![Slot::default(); self.operands.len()],
            checks: vec![0; self.checks.len()],
            nodes: vec![0; self.nodes.nodes.len()],
            stack: Vec::new(),
        }
    }
}

/// What was computed, and for which event.
pub(crate) struct Memory {
    /// Counts events; even, so that the lowest bit can hold an answer.
    epoch: u32,
    operands: Vec<Slot>,
    checks: Vec<u32>,
    nodes: Vec<u32>,
    stack: Vec<Frame>,
}

/// The values of an operand, for the event of its epoch.
#[derive(Clone, Copy, Default)]
struct Slot {
    epoch: u32,
    present: bool,
    start: u32,
    len: u32,
}

/// A node whose children are being evaluated.
#[derive(Clone, Copy)]
struct Frame {
    node: u32,
    /// The next child, as an index of `children`.
    next: u32,
}

impl Memory {
    /// Forgets the event before.
    fn next_event(&mut self) {
        self.epoch = self.epoch.wrapping_add(2);
        if self.epoch == 0 {
            // After two thousand million events old marks would seem new.
            self.operands.fill(Slot::default());
            self.checks.fill(0);
            self.nodes.fill(0);
            self.epoch = 2;
        }
    }

    fn remembered(&self, mark: u32) -> Option<bool> {
        (mark & !1 == self.epoch).then_some(mark & 1 == 1)
    }

    fn mark(&self, truth: bool) -> u32 {
        self.epoch | u32::from(truth)
    }
}

/// One event, being evaluated.
pub(crate) struct Evaluation<'a, 'e, S: EventSource> {
    program: &'a Program<S>,
    memory: &'a mut Memory,
    event: &'e S::Event<'e>,
    arena: &'e Bump,
    values: Values<'e>,
}

impl<'a, 'e, S: EventSource> Evaluation<'a, 'e, S> {
    pub(crate) fn new(
        program: &'a Program<S>,
        memory: &'a mut Memory,
        event: &'e S::Event<'e>,
        arena: &'e Bump,
    ) -> Self {
        memory.next_event();
        Self {
            program,
            memory,
            event,
            arena,
            values: Values::with_capacity_in(FIRST_VALUES, arena),
        }
    }

    /// The class of the event.
    pub(crate) fn class(&self) -> Option<u16> {
        S::class(self.event)
    }

    /// What the event is about.
    pub(crate) fn subject(&self, subject: Subject) -> Option<SubjectId> {
        S::subject(self.event, subject)
    }

    /// How outputs show the operand: a number in this form; why it is absent, if that can be told.
    pub(crate) fn shown(&self, operand: u32) -> (Format, Option<&'e str>) {
        match &self.program.operands[operand as usize] {
            Operand::Field(extractor) => (
                S::format(extractor, self.event),
                S::absence(extractor, self.event),
            ),
            _ => (Format::Decimal, None),
        }
    }

    /// The operands' shapes.
    pub(crate) fn shape(&self, operand: u32) -> Shape {
        self.program.shapes[operand as usize]
    }

    /// The values of an operand, `None` when it is absent.
    pub(crate) fn values(&mut self, operand: u32) -> Option<&[Value<'e>]> {
        let span = self.operand(operand)?;
        Some(&self.values[span.range()])
    }

    fn operand(&mut self, operand: u32) -> Option<Span> {
        let slot = self.memory.operands[operand as usize];
        if slot.epoch == self.memory.epoch {
            return slot.present.then_some(Span {
                start: slot.start,
                len: slot.len,
            });
        }
        let span = self.compute(operand);
        let known = span.unwrap_or(Span { start: 0, len: 0 });
        self.memory.operands[operand as usize] = Slot {
            epoch: self.memory.epoch,
            present: span.is_some(),
            start: known.start,
            len: known.len,
        };
        span
    }

    /// Recursion is as deep as transformers nest, which the plan's checks bound.
    fn compute(&mut self, operand: u32) -> Option<Span> {
        let program = self.program;
        let (start, present) = match &program.operands[operand as usize] {
            Operand::Field(extractor) => {
                let start = self.values.len();
                S::extract(extractor, self.event, self.arena, &mut self.values);
                (start, self.values.len() > start)
            }
            Operand::Constant(constant) => {
                let start = self.values.len();
                self.values.extend(borrow(constant, self.arena));
                (start, self.values.len() > start)
            }
            Operand::Call {
                function,
                arguments,
            } => {
                let arguments = self.all(arguments)?;
                let start = self.values.len();
                let present = function.apply(&arguments, self.arena, &mut self.values);
                (start, present)
            }
            Operand::List(items) => {
                let items = self.all(items)?;
                let start = self.values.len();
                let present = transform::concatenate(&items, self.arena, &mut self.values);
                (start, present)
            }
        };
        let len = self.values.len().checked_sub(start)?;
        present.then_some(Span {
            start: start.try_into().ok()?,
            len: len.try_into().ok()?,
        })
    }

    /// The spans of all operands, `None` when one is absent.
    fn all(&mut self, operands: &[u32]) -> Option<bumpalo::collections::Vec<'e, Span>> {
        let mut spans = bumpalo::collections::Vec::with_capacity_in(operands.len(), self.arena);
        for &operand in operands {
            spans.push(self.operand(operand)?);
        }
        Some(spans)
    }

    fn check(&mut self, index: u32) -> bool {
        if let Some(truth) = self.memory.remembered(self.memory.checks[index as usize]) {
            return truth;
        }
        let truth = self.run(&self.program.checks[index as usize]);
        self.memory.checks[index as usize] = self.memory.mark(truth);
        truth
    }

    fn run(&mut self, check: &Check) -> bool {
        let Some(left) = self.operand(check.left) else {
            return false;
        };
        match &check.test {
            Test::Exists => true,
            Test::Never => false,
            Test::Constant(test) => match &self.values[left.range()] {
                [value] => test.holds(value),
                values if check.every => values.iter().all(|value| test.holds(value)),
                values => values.iter().any(|value| test.holds(value)),
            },
            Test::Right(test) => {
                let Some(right) = self.operand(test.right) else {
                    return false;
                };
                let (left, right) = (left.range(), right.range());
                test.holds(&self.values[left], &self.values[right], check.every)
            }
        }
    }

    /// Whether a node of the plan holds.
    pub(crate) fn holds(&mut self, root: u32) -> bool {
        self.holds_in(&self.program.nodes, root)
    }

    /// Whether a node holds, of the plan's or of what a class leaves of these. Works with a stack of its own: conditions may nest
    /// deeper than a thread's.
    pub(crate) fn holds_in(&mut self, nodes: &Nodes, root: u32) -> bool {
        let mut node = root;
        loop {
            let mut truth = match self.begin(nodes, node) {
                Some(truth) => truth,
                None => {
                    node = self.first_child(nodes, node);
                    continue;
                }
            };
            // Hand the answer to the parents until one needs another child.
            loop {
                let Some(frame) = self.memory.stack.last_mut() else {
                    return truth;
                };
                let parent = frame.node;
                let next = frame.next;
                let (settled, answer) = match nodes.nodes[parent as usize] {
                    Node::Predicate(_) => (true, truth),
                    Node::Not(_) => (true, !truth),
                    Node::And { end, .. } => (!truth || next == end, truth),
                    Node::Or { end, .. } => (truth || next == end, truth),
                };
                if !settled {
                    frame.next += 1;
                    node = nodes.children[next as usize];
                    break;
                }
                self.memory.stack.pop();
                self.memory.nodes[parent as usize] = self.memory.mark(answer);
                truth = answer;
            }
        }
    }

    /// What the class of the event leaves of rules with these conditions.
    pub(crate) fn class_plan(&mut self, conditions: &[Condition]) -> ClassPlan {
        let known = self.known_by_class();
        ClassPlan::new(
            &self.program.nodes,
            &self.program.checks,
            conditions,
            &known,
        )
    }

    /// What is known of every node when only the class of the event is, if it has one: true,
    /// false, or `None`.
    fn known_by_class(&mut self) -> Vec<Option<bool>> {
        let program = self.program;
        let has_class = self.class().is_some();
        let mut known: Vec<Option<bool>> = Vec::with_capacity(program.nodes.nodes.len());
        // Children come before their parents.
        for node in &program.nodes.nodes {
            let children = |start: u32, end: u32| {
                let range = start as usize..end as usize;
                program.nodes.children[range]
                    .iter()
                    .map(|child| known[*child as usize])
            };
            let answer = match *node {
                Node::Predicate(check) => (has_class
                    && program.class_decides(&program.checks[check as usize]))
                .then(|| self.check(check)),
                Node::Not(child) => known[child as usize].map(|truth| !truth),
                Node::And { start, end } => join(children(start, end), false),
                Node::Or { start, end } => join(children(start, end), true),
            };
            known.push(answer);
        }
        known
    }

    /// The answer of a node, if it is known or needs no children.
    fn begin(&mut self, nodes: &Nodes, node: u32) -> Option<bool> {
        match nodes.nodes[node as usize] {
            Node::Predicate(check) => Some(self.check(check)),
            Node::And { start, end } if start == end => Some(true),
            Node::Or { start, end } if start == end => Some(false),
            _ => self.memory.remembered(self.memory.nodes[node as usize]),
        }
    }

    /// Puts a node that has children on the stack.
    fn first_child(&mut self, nodes: &Nodes, node: u32) -> u32 {
        let (child, next) = match nodes.nodes[node as usize] {
            Node::Predicate(_) => (node, 0),
            Node::Not(child) => (child, 0),
            Node::And { start, .. } | Node::Or { start, .. } => {
                (nodes.children[start as usize], start + 1)
            }
        };
        self.memory.stack.push(Frame { node, next });
        child
    }
}

/// Joins what is known of children: one that `settles` does, else all must be known.
fn join(children: impl Iterator<Item = Option<bool>>, settles: bool) -> Option<bool> {
    let mut answer = Some(!settles);
    for child in children {
        match child {
            Some(truth) if truth == settles => return Some(settles),
            Some(_) => {}
            None => answer = None,
        }
    }
    answer
}

/// A constant as a value of the event; a network is none.
fn borrow<'e>(constant: &Owned, arena: &'e Bump) -> Option<Value<'e>> {
    Some(match constant {
        Owned::Str(text) => Value::Str(arena.alloc_slice_copy(text)),
        Owned::Bytes(bytes) => Value::Bytes(arena.alloc_slice_copy(bytes)),
        Owned::U64(number) => Value::U64(*number),
        Owned::I64(number) => Value::I64(*number),
        Owned::F64(number) => Value::F64(*number),
        Owned::Bool(truth) => Value::Bool(*truth),
        Owned::Ip(address) => Value::Ip(*address),
        Owned::Net(_) => return None,
    })
}
