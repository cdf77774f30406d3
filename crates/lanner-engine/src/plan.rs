//! The plan as it comes from Python: plain data, strict.
//!
//! One to one `src/lanner/plan/model.py`; the golden plan that both languages
//! read keeps them together. Meaning and limits are checked in `validate`.

use serde::Deserialize;

use crate::error::PlanError;

/// The version of the plan that this engine runs.
pub const PLAN_VERSION: u32 = 1;

/// A plan in bytes may be this long; the default rules take some hundred KiB.
const MAX_PLAN_BYTES: usize = 256 << 20;

/// An operand: what a predicate looks at.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum OperandNode {
    /// A field of the catalogue.
    Field {
        /// Its name: `ka.uri.param`.
        name: String,
        /// Its argument: `command` in `ka.uri.param[command]`.
        argument: Option<String>,
        /// How its values compare.
        kind: Kind,
        /// Whether it has many values.
        list: bool,
    },
    /// A transformer applied to earlier operands.
    Call {
        /// Its name: `tolower`.
        function: String,
        /// Indices of operands.
        arguments: Vec<u32>,
        /// The option that `getopt(...)[c]` selects.
        argument: Option<String>,
        /// How the result compares.
        kind: Kind,
        /// Whether the result has many values.
        list: bool,
    },
    /// A constant argument of a transformer.
    Constant {
        /// Its value.
        value: Scalar,
    },
    /// A list argument of a transformer.
    List {
        /// Indices of operands.
        items: Vec<u32>,
    },
}

/// How the values of an operand compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text, compared bytewise.
    String,
    /// Raw bytes.
    Bytes,
    /// Unsigned integers.
    Unsigned,
    /// Signed integers.
    Signed,
    /// Floating point.
    Double,
    /// True or false.
    Bool,
    /// IP addresses.
    Ip,
    /// IP addresses that are compared with networks.
    Net,
}

/// A typed constant: exactly one member is set. `x` is hexadecimal bytes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scalar {
    /// Text.
    #[serde(default)]
    pub s: Option<String>,
    /// Bytes in hexadecimal.
    #[serde(default)]
    pub x: Option<String>,
    /// An unsigned integer.
    #[serde(default)]
    pub u: Option<u64>,
    /// A signed integer.
    #[serde(default)]
    pub i: Option<i64>,
    /// A floating point number.
    #[serde(default)]
    pub f: Option<f64>,
    /// A boolean.
    #[serde(default)]
    pub b: Option<bool>,
    /// An IP address.
    #[serde(default)]
    pub ip: Option<String>,
    /// A network: address, slash, prefix length.
    #[serde(default)]
    pub net: Option<String>,
}

/// An interned check: `left operator [modifier] (values | right)`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// Index of the operand on the left.
    pub left: u32,
    /// `=`, `in`, `startswith` and so on.
    pub operator: String,
    /// `oneof`, `anyof` or `allof`.
    pub modifier: Option<String>,
    /// The constants on the right.
    pub values: Vec<Scalar>,
    /// Index of the operand on the right, instead of constants.
    pub right: Option<u32>,
    /// Relative cost; the plan has ordered by it already.
    pub cost: u64,
    /// How long the answer stays true.
    pub lifetime: Lifetime,
}

/// How long the answer of a predicate stays true, the longest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifetime {
    /// For the whole input.
    Capture,
    /// While the container runs.
    Container,
    /// While the process image stays.
    Process,
    /// While the descriptor stays open.
    Fd,
    /// For one event.
    Event,
}

/// A node of a condition; children come before their parents.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum ConditionNode {
    /// The truth of a predicate.
    Predicate {
        /// Its index.
        predicate: u32,
    },
    /// Negation.
    Not {
        /// Index of a node.
        child: u32,
    },
    /// Conjunction; empty is true.
    And {
        /// Indices of nodes, cheapest first.
        children: Vec<u32>,
    },
    /// Disjunction; empty is false.
    Or {
        /// Indices of nodes, cheapest first.
        children: Vec<u32>,
    },
}

/// A part of a rule's output.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum OutputPart {
    /// Literal text.
    Text {
        /// The text.
        text: String,
    },
    /// An operand, formatted.
    Field {
        /// Index of the operand.
        operand: u32,
        /// Pads or truncates to so many bytes.
        width: Option<u32>,
    },
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePlan {
    /// Load order; what Python knows the rule by.
    pub id: u64,
    /// The rule's name.
    pub name: String,
    /// 0 (emergency) to 7 (debug).
    pub priority: u8,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// The node of its whole condition.
    pub condition: u32,
    /// The node of what dispatch leaves of the condition.
    pub residual: u32,
    /// The output.
    pub output: Vec<OutputPart>,
    /// Names and operands of the output fields.
    pub fields: Vec<(String, u32)>,
}

/// An operand of few distinct values, and what it alone decides.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DispatchKey {
    /// Index of the operand.
    pub operand: u32,
    /// `(rule, node)`: the rule can match only if the node holds.
    pub required: Vec<(u32, u32)>,
}

/// Whether an event may match several rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleMatching {
    /// The first rule in load order that matches hides the others.
    First,
    /// Every rule that matches is reported.
    All,
}

/// Everything needed to match the events of one source.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub version: u32,
    /// `syscall`, `k8s_audit`.
    pub source: String,
    /// First or all.
    pub rule_matching: RuleMatching,
    /// Operands, arguments before calls.
    pub operands: Vec<OperandNode>,
    /// Predicates.
    pub predicates: Vec<Predicate>,
    /// Condition nodes, children before parents.
    pub nodes: Vec<ConditionNode>,
    /// Rules in load order.
    pub rules: Vec<RulePlan>,
    /// Dispatch keys.
    pub dispatch: Vec<DispatchKey>,
}

impl Plan {
    /// Reads a plan and checks everything that does not depend on the event
    /// source.
    ///
    /// # Errors
    /// When the bytes are no plan of this version, or refer to what is not
    /// there.
    pub fn from_json(json: &[u8]) -> Result<Self, PlanError> {
        /// Read first, so that another version gives a clear message.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }

        if json.len() > MAX_PLAN_BYTES {
            return Err(PlanError::new(format!(
                "the plan is {} bytes long; the limit is {MAX_PLAN_BYTES}",
                json.len()
            )));
        }
        let found: Version = serde_json::from_slice(json)
            .map_err(|error| PlanError::new(format!("not a plan: {error}")))?;
        if found.version != PLAN_VERSION {
            return Err(PlanError::new(format!(
                "the plan has version {}; this engine runs version {PLAN_VERSION}",
                found.version
            )));
        }
        let plan: Self = serde_json::from_slice(json)
            .map_err(|error| PlanError::new(format!("not a plan: {error}")))?;
        crate::validate::check(&plan)?;
        Ok(plan)
    }
}
