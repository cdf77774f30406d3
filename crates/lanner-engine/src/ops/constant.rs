//! A value against constants of the rule.

use std::net::IpAddr;

use lanner_event::Value;
use rustc_hash::FxHashSet;

use super::text::{Needle, TextTest};
use super::{Modifier, Operator, Relation, bytes_of, double_of, number_of};
use crate::error::PlanError;
use crate::plan::Kind;
use crate::value::{Network, Owned};

/// A test of one value.
pub(crate) enum ValueTest {
    Text(TextTest),
    Number(Relation, i128),
    /// Sorted.
    NumberIn(Box<[i128]>),
    Double(Relation, f64),
    DoubleIn(Box<[f64]>),
    Bool(Relation, bool),
    BoolIn(Box<[bool]>),
    Ip(Relation, IpAddr),
    IpIn(FxHashSet<IpAddr>),
    Net(Relation, Network),
    NetIn(Box<[Network]>),
    Not(Box<ValueTest>),
    Modified(Modifier, Box<[ValueTest]>),
}

impl ValueTest {
    /// The test for `operator` with one constant.
    pub(super) fn new(operator: Operator, kind: Kind, value: &Owned) -> Result<Self, PlanError> {
        let Operator::Relation(relation) = operator else {
            return match operator {
                Operator::Regex => Ok(Self::Text(TextTest::regex(&[text_of(value)?])?)),
                _ => Self::of_set(operator, kind, std::slice::from_ref(value)),
            };
        };
        Ok(match kind {
            Kind::String | Kind::Bytes => Self::Text(TextTest::new(relation, text_of(value)?)?),
            Kind::Unsigned | Kind::Signed => Self::Number(relation, integer_of(value)?),
            Kind::Double => Self::Double(relation, float_of(value)?),
            Kind::Bool => Self::Bool(relation, truth_of(value)?),
            Kind::Ip => Self::Ip(relation, address_of(value)?),
            Kind::Net => Self::Net(relation, network_of(value)?),
        })
    }

    /// The test for `in`, `intersects` and `pmatch`.
    pub(super) fn of_set(
        operator: Operator,
        kind: Kind,
        values: &[Owned],
    ) -> Result<Self, PlanError> {
        fn all<T>(
            values: &[Owned],
            convert: fn(&Owned) -> Result<T, PlanError>,
        ) -> Result<Vec<T>, PlanError> {
            values.iter().map(convert).collect()
        }

        Ok(match kind {
            Kind::String | Kind::Bytes => {
                let texts = values.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
                Self::Text(if operator == Operator::PMatch {
                    TextTest::paths(&texts)
                } else {
                    TextTest::set(&texts)
                })
            }
            Kind::Unsigned | Kind::Signed => {
                let mut numbers = all(values, integer_of)?;
                numbers.sort_unstable();
                numbers.dedup();
                Self::NumberIn(numbers.into())
            }
            Kind::Double => Self::DoubleIn(all(values, float_of)?.into()),
            Kind::Bool => Self::BoolIn(all(values, truth_of)?.into()),
            Kind::Ip => Self::IpIn(all(values, address_of)?.into_iter().collect()),
            Kind::Net => Self::NetIn(all(values, network_of)?.into()),
        })
    }

    /// The test for an operator with `oneof`, `anyof` or `allof`; values are
    /// not empty.
    pub(super) fn with_modifier(
        operator: Operator,
        modifier: Modifier,
        kind: Kind,
        values: &[Owned],
    ) -> Result<Self, PlanError> {
        match (operator, modifier) {
            (Operator::Relation(Relation::Equal), Modifier::Any) => {
                return Self::of_set(Operator::In, kind, values);
            }
            (Operator::Relation(Relation::NotEqual), Modifier::All) => {
                let set = Self::of_set(Operator::In, kind, values)?;
                return Ok(Self::Not(Box::new(set)));
            }
            (_, Modifier::Any) if matches!(kind, Kind::String | Kind::Bytes) => {
                let texts = values.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
                if let Some(test) = TextTest::any_of(operator, &texts)? {
                    return Ok(Self::Text(test));
                }
            }
            _ => {}
        }
        let tests = values
            .iter()
            .map(|value| Self::new(operator, kind, value))
            .collect::<Result<_, _>>()?;
        Ok(Self::Modified(modifier, tests))
    }

    /// What a value that passes is or holds: one of these; `None` where that cannot be said.
    pub(crate) fn needles(&self) -> Option<Vec<Needle<'_>>> {
        Some(match self {
            Self::Text(test) => return test.needles(),
            Self::Number(Relation::Equal, number) => vec![Needle::Number(*number)],
            Self::NumberIn(numbers) => numbers.iter().copied().map(Needle::Number).collect(),
            _ => return None,
        })
    }

    /// Whether the value passes. A value of another kind does not, except that
    /// it differs from whatever it is compared with.
    pub(crate) fn holds(&self, value: &Value<'_>) -> bool {
        match self {
            Self::Text(test) => bytes_of(value).is_some_and(|text| test.holds(text)),
            Self::Number(relation, number) => {
                number_of(value).is_some_and(|found| relation.holds(Some(found.cmp(number))))
            }
            Self::NumberIn(numbers) => {
                number_of(value).is_some_and(|found| numbers.binary_search(&found).is_ok())
            }
            Self::Double(relation, number) => {
                double_of(value).is_some_and(|found| relation.holds(found.partial_cmp(number)))
            }
            Self::DoubleIn(numbers) => double_of(value).is_some_and(|found| {
                // Bit for bit, as libsinsp's set compares.
                numbers
                    .iter()
                    .any(|number| number.to_bits() == found.to_bits())
            }),
            Self::Bool(relation, truth) => {
                matches!(value, Value::Bool(found) if relation.holds(Some(found.cmp(truth))))
            }
            Self::BoolIn(truths) => {
                matches!(value, Value::Bool(found) if truths.contains(found))
            }
            Self::Ip(relation, address) => {
                // Addresses of different families differ.
                matches!(value, Value::Ip(found) if relation.holds(Some(found.cmp(address))))
            }
            Self::IpIn(addresses) => {
                matches!(value, Value::Ip(found) if addresses.contains(found))
            }
            Self::Net(relation, network) => matches!(value, Value::Ip(found)
                if network.contains(*found) == (*relation == Relation::Equal)),
            Self::NetIn(networks) => matches!(value, Value::Ip(found)
                if networks.iter().any(|network| network.contains(*found))),
            Self::Not(test) => !test.holds(value),
            Self::Modified(modifier, tests) => {
                modifier.holds(tests.iter().map(|test| test.holds(value)))
            }
        }
    }
}

fn wrong(value: &Owned, wanted: &str) -> PlanError {
    PlanError::new(format!("a constant is {value:?} where {wanted} is wanted"))
}

fn text_of(value: &Owned) -> Result<&[u8], PlanError> {
    match value {
        Owned::Str(text) | Owned::Bytes(text) => Ok(text),
        _ => Err(wrong(value, "text")),
    }
}

fn integer_of(value: &Owned) -> Result<i128, PlanError> {
    match value {
        Owned::U64(number) => Ok(i128::from(*number)),
        Owned::I64(number) => Ok(i128::from(*number)),
        _ => Err(wrong(value, "an integer")),
    }
}

fn float_of(value: &Owned) -> Result<f64, PlanError> {
    match value {
        Owned::F64(number) => Ok(*number),
        Owned::U64(number) => Ok(*number as f64),
        Owned::I64(number) => Ok(*number as f64),
        _ => Err(wrong(value, "a number")),
    }
}

fn truth_of(value: &Owned) -> Result<bool, PlanError> {
    match value {
        Owned::Bool(truth) => Ok(*truth),
        _ => Err(wrong(value, "true or false")),
    }
}

fn address_of(value: &Owned) -> Result<IpAddr, PlanError> {
    match value {
        Owned::Ip(address) => Ok(*address),
        _ => Err(wrong(value, "an IP address")),
    }
}

fn network_of(value: &Owned) -> Result<Network, PlanError> {
    match value {
        Owned::Net(network) => Ok(*network),
        Owned::Ip(address) => Ok(Network::host(*address)),
        _ => Err(wrong(value, "a network")),
    }
}
