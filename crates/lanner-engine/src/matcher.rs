//! The matcher: a plan, ready for events.

use std::sync::Arc;

use bumpalo::Bump;
use lanner_event::EventSource;

use crate::alert::{Alerts, RuleOutputs};
use crate::class::Condition;
use crate::cost::Costs;
use crate::dispatch::Dispatch;
use crate::error::PlanError;
use crate::evaluate::{Evaluation, Memory, Program};
use crate::format::Output;
use crate::plan::{Plan, RuleMatching};

/// Runs the rules of a plan over events of one source, one after the other.
pub struct Matcher<S: EventSource> {
    program: Program<S>,
    rules: Vec<Rule>,
    outputs: Arc<RuleOutputs>,
    first_only: bool,
    dispatch: Dispatch,
    memory: Memory,
    looked_at: Vec<LookedAt>,
    costs: Costs,
    events: u64,
}

/// A rule, as the matcher needs it.
struct Rule {
    residual: u32,
    output: Output,
}

/// What the outside knows of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// Load order.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// 0 (emergency) to 7 (debug).
    pub priority: u8,
    /// Sorted.
    pub tags: Vec<String>,
}

/// How often a rule was looked at.
#[derive(Clone, Copy, Default)]
struct LookedAt {
    evaluated: u64,
    matched: u64,
}

/// What was counted of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounters {
    /// Events for which what dispatch left of the condition was evaluated.
    pub evaluated: u64,
    /// Events that matched.
    pub matched: u64,
    /// Nanoseconds that this took, and to write its alerts. An estimate: some events are timed.
    /// What several rules need is charged to the one that needs it first.
    pub cost_ns: u64,
}

/// Counters of a matcher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events seen.
    pub events: u64,
    /// By rule, in the order of the plan.
    pub rules: Vec<RuleCounters>,
    /// Nanoseconds that it took to choose the rules that are evaluated; an estimate as well.
    pub dispatch_ns: u64,
    /// How often a dispatch key had more values than it remembers. Many of
    /// these mean that the key was a bad choice.
    pub dispatch_resets: u64,
}

impl<S: EventSource> Matcher<S> {
    /// Makes a plan (JSON, `lanner.plan.model.Plan`) executable.
    ///
    /// # Errors
    /// When it is no valid plan, or names a field that the source lacks.
    pub fn new(plan_json: &[u8]) -> Result<Self, PlanError> {
        Self::from_plan(&Plan::from_json(plan_json)?)
    }

    fn from_plan(plan: &Plan) -> Result<Self, PlanError> {
        let program = Program::new(plan)?;
        let rules = plan.rules.iter().map(|rule| Rule {
            residual: rule.residual,
            output: Output::new(rule),
        });
        let rules: Vec<Rule> = rules.collect();
        let keys = rules.iter().map(|rule| rule.output.keys().collect());
        let outputs = Arc::new(RuleOutputs {
            source: plan.source.clone(),
            keys: keys.collect(),
            rules: plan
                .rules
                .iter()
                .map(|rule| RuleInfo {
                    id: rule.id,
                    name: rule.name.clone(),
                    priority: rule.priority,
                    tags: rule.tags.clone(),
                })
                .collect(),
        });
        Ok(Self {
            memory: program.memory(),
            dispatch: Dispatch::new(
                &plan.dispatch,
                plan.rules
                    .iter()
                    .map(|rule| Condition {
                        whole: rule.condition,
                        residual: rule.residual,
                    })
                    .collect(),
                |operand| program.decided_by_class(operand),
            ),
            looked_at: vec![LookedAt::default(); rules.len()],
            costs: Costs::new(rules.len()),
            first_only: plan.rule_matching == RuleMatching::First,
            program,
            rules,
            outputs,
            events: 0,
        })
    }

    /// Calls `on_match` with the index of every rule that the event matches, in
    /// the order of the plan. `arena` is the event's; the caller resets it.
    pub fn matches<'e>(
        &mut self,
        event: &'e S::Event<'e>,
        arena: &'e Bump,
        mut on_match: impl FnMut(usize),
    ) {
        self.run(event, arena, |rule, _, _| on_match(rule));
    }

    /// Appends an alert for every rule that the event matches. Returns how
    /// many. An empty batch for `out` comes from [`Matcher::batch`].
    pub fn alerts<'e>(
        &mut self,
        event: &'e S::Event<'e>,
        arena: &'e Bump,
        out: &mut Alerts,
    ) -> usize {
        let time = S::time_ns(event);
        let mut count = 0;
        self.run(event, arena, |index, rule, evaluation| {
            count += 1;
            out.push(time, index, |rendered| {
                rule.output.render(time, evaluation, rendered);
            });
        });
        count
    }

    /// Looks everything up for every event, for measuring what remembering gains.
    pub fn forget(&mut self) {
        self.dispatch.forget();
    }

    /// An empty batch for the alerts of this matcher.
    #[must_use]
    pub fn batch(&self) -> Alerts {
        Alerts::new(Arc::clone(&self.outputs))
    }

    /// The rules, in the order of the plan.
    #[must_use]
    pub fn rules(&self) -> &[RuleInfo] {
        &self.outputs.rules
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            events: self.events,
            rules: (0..)
                .zip(&self.looked_at)
                .map(|(rule, looked_at)| RuleCounters {
                    evaluated: looked_at.evaluated,
                    matched: looked_at.matched,
                    cost_ns: self.costs.of_rule(rule),
                })
                .collect(),
            dispatch_ns: self.costs.of_dispatch(),
            dispatch_resets: self.dispatch.resets(),
        }
    }

    fn run<'e>(
        &mut self,
        event: &'e S::Event<'e>,
        arena: &'e Bump,
        mut on_match: impl FnMut(usize, &Rule, &mut Evaluation<'_, 'e, S>),
    ) {
        self.events += 1;
        let mut watch = self.costs.next_event();
        let mut evaluation = Evaluation::new(&self.program, &mut self.memory, event, arena);
        let (candidates, nodes) = self.dispatch.candidates(&mut evaluation);
        if let Some(watch) = &mut watch {
            self.costs.lap_of_dispatch(watch);
        }
        'rules: for (word, set) in candidates.iter_mut().enumerate() {
            while *set != 0 {
                let index = word * 64 + set.trailing_zeros() as usize;
                *set &= *set - 1;
                let rule = &self.rules[index];
                self.looked_at[index].evaluated += 1;
                let holds = evaluation.holds_in(nodes, rule.residual);
                if holds {
                    self.looked_at[index].matched += 1;
                    on_match(index, rule, &mut evaluation);
                }
                if let Some(watch) = &mut watch {
                    self.costs.lap(watch, index);
                }
                if holds && self.first_only {
                    break 'rules;
                }
            }
        }
        if let Some(watch) = &watch {
            self.costs.end(watch);
        }
    }
}
