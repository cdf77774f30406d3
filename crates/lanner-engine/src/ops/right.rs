//! A value against another operand of the same event.
//!
//! Facts: libsinsp 0.25.4, `add_filter_value(rhs)`: `pmatch`, `regex` and
//! networks take constants only, and both sides have the same type. An absent
//! right side makes the predicate false.

use std::net::IpAddr;

use hashbrown::HashSet;
use lanner_event::Value;
use memchr::memmem;

use super::glob::Glob;
use super::{Modifier, Operator, Relation, bytes_of, double_of, number_of};
use crate::error::PlanError;
use crate::operand::Shape;
use crate::plan::Kind;

/// From so many comparisons on, a hash set is made of the right side.
const HASH_FROM: usize = 256;

/// A comparison with another operand.
pub(crate) struct RightTest {
    /// The other operand.
    pub right: u32,
    comparison: Comparison,
    kind: Kind,
}

enum Comparison {
    /// With the first value of the other operand.
    First(Relation),
    Modified(Relation, Modifier),
    /// `in`, `intersects`: with all of them.
    Set,
}

impl RightTest {
    pub(super) fn new(
        operator: Operator,
        modifier: Option<Modifier>,
        left: Shape,
        right: u32,
        right_shape: Shape,
    ) -> Result<Self, PlanError> {
        let comparison = match (operator, modifier) {
            (Operator::Relation(relation), None) => Comparison::First(relation),
            (Operator::Relation(relation), Some(modifier)) => {
                Comparison::Modified(relation, modifier)
            }
            (Operator::In | Operator::Intersects, None) => Comparison::Set,
            _ => {
                return Err(PlanError::new(
                    "the operator does not take a field on the right-hand side",
                ));
            }
        };
        if left.kind == Kind::Net {
            return Err(PlanError::new(
                "networks do not take a field on the right-hand side",
            ));
        }
        if left.kind != right_shape.kind || left.list != right_shape.list {
            return Err(PlanError::new(format!(
                "the sides of a comparison differ: {left:?} and {right_shape:?}"
            )));
        }
        Ok(Self {
            right,
            comparison,
            kind: left.kind,
        })
    }

    /// Whether the left values pass, all of them or one.
    pub(crate) fn holds(&self, left: &[Value<'_>], right: &[Value<'_>], every: bool) -> bool {
        let quantify = |test: &dyn Fn(&Value<'_>) -> bool| {
            if every {
                left.iter().all(test)
            } else {
                left.iter().any(test)
            }
        };
        match self.comparison {
            Comparison::First(relation) => right
                .first()
                .is_some_and(|right| quantify(&|left| self.related(relation, left, right))),
            Comparison::Modified(relation, modifier) => quantify(&|left| {
                modifier.holds(
                    right
                        .iter()
                        .map(|right| self.related(relation, left, right)),
                )
            }),
            Comparison::Set => {
                if left.len().saturating_mul(right.len()) < HASH_FROM {
                    return quantify(&|left| right.iter().any(|right| same(left, right)));
                }
                let texts: HashSet<&[u8]> = right.iter().filter_map(bytes_of).collect();
                let others: HashSet<_> = right.iter().filter_map(fingerprint).collect();
                quantify(&|left| match bytes_of(left) {
                    Some(text) => texts.contains(text),
                    None => fingerprint(left).is_some_and(|left| others.contains(&left)),
                })
            }
        }
    }

    fn related(&self, relation: Relation, left: &Value<'_>, right: &Value<'_>) -> bool {
        match self.kind {
            Kind::String | Kind::Bytes => bytes_of(left)
                .zip(bytes_of(right))
                .is_some_and(|(left, right)| text_related(relation, left, right)),
            Kind::Unsigned | Kind::Signed => number_of(left)
                .zip(number_of(right))
                .is_some_and(|(left, right)| relation.holds(Some(left.cmp(&right)))),
            Kind::Double => double_of(left)
                .zip(double_of(right))
                .is_some_and(|(left, right)| relation.holds(left.partial_cmp(&right))),
            Kind::Bool | Kind::Ip | Kind::Net => match (left, right) {
                (Value::Bool(left), Value::Bool(right)) => relation.holds(Some(left.cmp(right))),
                (Value::Ip(left), Value::Ip(right)) => relation.holds(Some(left.cmp(right))),
                _ => false,
            },
        }
    }
}

fn text_related(relation: Relation, left: &[u8], right: &[u8]) -> bool {
    match relation {
        Relation::Contains => memmem::find(left, right).is_some(),
        Relation::IContains => {
            // Copies keep this linear; the operator is rare here.
            memmem::find(&left.to_ascii_lowercase(), &right.to_ascii_lowercase()).is_some()
        }
        Relation::StartsWith => left.starts_with(right),
        Relation::EndsWith => left.ends_with(right),
        Relation::Glob => Glob::new(right, false).matches(left),
        Relation::IGlob => Glob::new(right, true).matches(left),
        _ => relation.holds(Some(left.cmp(right))),
    }
}

fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (bytes_of(left), bytes_of(right)) {
        (Some(left), Some(right)) => left == right,
        (None, None) => fingerprint(left).is_some_and(|left| fingerprint(right) == Some(left)),
        _ => false,
    }
}

/// What stands for a value among those of its kind: the family of an address
/// (0 for all else), and a number.
fn fingerprint(value: &Value<'_>) -> Option<(u8, u128)> {
    Some(match value {
        Value::Str(_) | Value::Bytes(_) => return None,
        Value::U64(number) => (0, u128::from(*number)),
        Value::I64(number) => (0, i128::from(*number).cast_unsigned()),
        Value::F64(number) => (0, u128::from(number.to_bits())),
        Value::Bool(truth) => (0, u128::from(*truth)),
        Value::Ip(IpAddr::V4(address)) => (4, u128::from(address.to_bits())),
        Value::Ip(IpAddr::V6(address)) => (6, address.to_bits()),
    })
}
