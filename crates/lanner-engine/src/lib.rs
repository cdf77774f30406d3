//! The engine: a plan (data made by Python, `src/lanner/plan/model.py`) turned
//! into executable predicates, run over events, and the output of the rules
//! that matched.
//!
//! The walk of an event: [`Matcher::alerts`] asks the dispatch keys which rules
//! could match at all (`dispatch`), evaluates what is left of those rules'
//! conditions (`evaluate`, predicates in `ops`, operands in `operand` and
//! `transform`), and formats the output of each match into a batch (`format`,
//! `alert`). Whatever an event needs is computed at most once, however many
//! rules ask for it.
//!
//! Semantics are those of Falco 0.44.1 (libs 0.25.4).

mod alert;
mod class;
mod cost;
mod dispatch;
mod error;
mod evaluate;
mod format;
mod groups;
mod index;
mod map_source;
mod matcher;
mod node;
mod operand;
mod ops;
mod plan;
mod rule_set;
mod stage;
mod time;
mod transform;
mod validate;
mod value;

pub use alert::{Alerts, JsonOptions, Written};
pub use error::PlanError;
pub use groups::{Groups, Limits};
pub use map_source::{MapEvent, MapEventError, MapExtractor, MapSource};
pub use matcher::{Counters, Matcher, RuleCounters, RuleInfo};
pub use ops::regex::check_pattern as check_regex;
pub use plan::{PLAN_VERSION, Plan};
pub use time::TimeStyle;
