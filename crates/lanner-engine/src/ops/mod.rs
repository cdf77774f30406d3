//! Predicates: every operator on every kind of value.
//!
//! Facts: libsinsp 0.25.4, `sinsp_filtercheck.cpp` and `filter_compare.cpp`.
//! An absent operand makes a predicate false, `!=` too. A list operand has only
//! `exists`, `in` (every value is in the set) and `intersects` (one is).

mod constant;
mod glob;
mod path;
mod posix;
pub(crate) mod regex;
mod right;
mod set;
mod text;

use lanner_event::Value;

use crate::error::PlanError;
use crate::operand::Shape;
use crate::plan::{Kind, Lifetime, OperandNode, Predicate};
use crate::value::Owned;

pub(crate) use constant::ValueTest;
pub(crate) use right::RightTest;
pub(crate) use set::{Affixes, Side};
pub(crate) use text::{AUTOMATON_FROM, Needle};

/// An operator of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Exists,
    Relation(Relation),
    In,
    Intersects,
    PMatch,
    Regex,
}

/// An operator that compares one value with one other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    IContains,
    StartsWith,
    EndsWith,
    Glob,
    IGlob,
}

/// How many of the values on the right must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modifier {
    /// `oneof`: exactly one; a value that is given twice counts twice.
    One,
    /// `anyof`
    Any,
    /// `allof`
    All,
}

/// A predicate, ready to run.
pub(crate) struct Check {
    /// The operand it looks at.
    pub left: u32,
    /// Whether all of the left values must do, or one of them.
    pub every: bool,
    pub test: Test,
    /// How long its answer stays true.
    pub lifetime: Lifetime,
    /// What it costs, as the plan estimates.
    pub cost: u64,
}

impl Check {
    /// What one value of the left operand has to be, or to hold, for the check to be true: one of
    /// these; `None` where that cannot be said.
    pub(crate) fn needles(&self) -> Option<Vec<Needle<'_>>> {
        match &self.test {
            Test::Constant(test) if !self.every => test.needles(),
            _ => None,
        }
    }
}

/// What is asked of the left operand when it is present.
pub(crate) enum Test {
    /// Nothing more.
    Exists,
    /// The impossible: a modifier over no values.
    Never,
    Constant(ValueTest),
    Right(RightTest),
}

/// Makes a predicate executable.
pub(crate) fn compile(predicate: &Predicate, operands: &[OperandNode]) -> Result<Check, PlanError> {
    let shape = operands[predicate.left as usize].shape();
    let operator = Operator::new(&predicate.operator)?;
    let modifier = predicate
        .modifier
        .as_deref()
        .map(Modifier::new)
        .transpose()?;
    check_applicable(operator, shape, predicate)?;
    if modifier.is_some() && !matches!(operator, Operator::Relation(_) | Operator::Regex) {
        return Err(PlanError::new(format!(
            "operator {} takes no modifier",
            predicate.operator
        )));
    }
    let test = if operator == Operator::Exists {
        Test::Exists
    } else if let Some(right) = predicate.right {
        let right_shape = operands[right as usize].shape();
        Test::Right(RightTest::new(
            operator,
            modifier,
            shape,
            right,
            right_shape,
        )?)
    } else {
        let values = predicate
            .values
            .iter()
            .map(Owned::from_scalar)
            .collect::<Result<Vec<_>, _>>()?;
        constant_test(operator, modifier, shape.kind, &values)?
    };
    Ok(Check {
        left: predicate.left,
        // An operand with several values that is no list does not occur in
        // Falco's tables; the reading that a person would expect is taken.
        every: match operator {
            Operator::In => shape.list,
            _ => operator == Operator::Relation(Relation::NotEqual),
        },
        test,
        lifetime: predicate.lifetime,
        cost: predicate.cost,
    })
}

fn constant_test(
    operator: Operator,
    modifier: Option<Modifier>,
    kind: Kind,
    values: &[Owned],
) -> Result<Test, PlanError> {
    if let Some(modifier) = modifier {
        if values.is_empty() {
            return Ok(Test::Never);
        }
        return ValueTest::with_modifier(operator, modifier, kind, values).map(Test::Constant);
    }
    match (operator, values) {
        (Operator::In | Operator::Intersects | Operator::PMatch, _) => {
            ValueTest::of_set(operator, kind, values).map(Test::Constant)
        }
        (_, [value]) => ValueTest::new(operator, kind, value).map(Test::Constant),
        _ => Err(PlanError::new(format!(
            "the operator compares with one value, not with {}",
            values.len()
        ))),
    }
}

impl Operator {
    fn new(name: &str) -> Result<Self, PlanError> {
        Ok(match name {
            "exists" => Self::Exists,
            "=" | "==" => Self::Relation(Relation::Equal),
            "!=" => Self::Relation(Relation::NotEqual),
            "<" => Self::Relation(Relation::Less),
            "<=" => Self::Relation(Relation::LessOrEqual),
            ">" => Self::Relation(Relation::Greater),
            ">=" => Self::Relation(Relation::GreaterOrEqual),
            // The values of the b-operators come decoded.
            "contains" | "bcontains" => Self::Relation(Relation::Contains),
            "icontains" => Self::Relation(Relation::IContains),
            "startswith" | "bstartswith" => Self::Relation(Relation::StartsWith),
            "endswith" => Self::Relation(Relation::EndsWith),
            "glob" => Self::Relation(Relation::Glob),
            "iglob" => Self::Relation(Relation::IGlob),
            "in" => Self::In,
            "intersects" => Self::Intersects,
            "pmatch" => Self::PMatch,
            "regex" => Self::Regex,
            _ => return Err(PlanError::new(format!("no operator {name:?}"))),
        })
    }
}

impl Modifier {
    fn new(name: &str) -> Result<Self, PlanError> {
        Ok(match name {
            "oneof" => Self::One,
            "anyof" => Self::Any,
            "allof" => Self::All,
            _ => return Err(PlanError::new(format!("no modifier {name:?}"))),
        })
    }

    /// Whether so many of the right-hand values suffice.
    pub(crate) fn holds(self, mut outcomes: impl Iterator<Item = bool>) -> bool {
        match self {
            Self::Any => outcomes.any(|holds| holds),
            Self::All => outcomes.all(|holds| holds),
            Self::One => {
                let mut holding = outcomes.filter(|&holds| holds);
                holding.next().is_some() && holding.next().is_none()
            }
        }
    }
}

/// The table of operators and kinds in `filter_compare.cpp`.
fn check_applicable(
    operator: Operator,
    shape: Shape,
    predicate: &Predicate,
) -> Result<(), PlanError> {
    use Relation as R;

    let name = predicate.operator.as_str();
    let hexadecimal = matches!(name, "bcontains" | "bstartswith");
    let applicable = match operator {
        Operator::Exists | Operator::In | Operator::Intersects => true,
        _ if shape.list => false,
        Operator::PMatch | Operator::Regex => shape.kind == Kind::String,
        Operator::Relation(relation) => match shape.kind {
            Kind::String => !hexadecimal,
            Kind::Bytes => matches!(
                relation,
                R::Equal | R::NotEqual | R::Contains | R::StartsWith | R::EndsWith
            ),
            Kind::Unsigned | Kind::Signed | Kind::Double => matches!(
                relation,
                R::Equal | R::NotEqual | R::Less | R::LessOrEqual | R::Greater | R::GreaterOrEqual
            ),
            Kind::Bool | Kind::Ip | Kind::Net => matches!(relation, R::Equal | R::NotEqual),
        },
    };
    if applicable {
        return Ok(());
    }
    Err(PlanError::new(format!(
        "operator {name} does not apply to {}{:?}",
        if shape.list { "a list of " } else { "" },
        shape.kind
    )))
}

/// The number of a value; text and the like have none.
pub(crate) fn number_of(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::U64(number) => Some(i128::from(*number)),
        Value::I64(number) => Some(i128::from(*number)),
        _ => None,
    }
}

/// The bytes of a text or of a byte buffer.
pub(crate) fn bytes_of<'e>(value: &Value<'e>) -> Option<&'e [u8]> {
    match value {
        Value::Str(bytes) | Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// The floating point number of a value.
pub(crate) fn double_of(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::F64(number) => Some(*number),
        Value::U64(number) => Some(*number as f64),
        Value::I64(number) => Some(*number as f64),
        _ => None,
    }
}

impl Relation {
    /// Whether the relation holds for what compares as `ordering`; `None` is a
    /// number that is none. Only for the six comparisons.
    pub(crate) fn holds(self, ordering: Option<std::cmp::Ordering>) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Self::Equal => ordering == Some(Equal),
            Self::NotEqual => ordering != Some(Equal),
            Self::Less => ordering == Some(Less),
            Self::LessOrEqual => matches!(ordering, Some(Less | Equal)),
            Self::Greater => ordering == Some(Greater),
            Self::GreaterOrEqual => matches!(ordering, Some(Greater | Equal)),
            _ => false,
        }
    }
}
