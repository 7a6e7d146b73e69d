//! Deciding one request by one key policy. Called through [`KeyPolicy::evaluate`].

use super::condition::{Condition, FailedCondition};
use super::document::{Effect, KeyPolicy, Statement};
use super::request::Request;

/// The decision, and what each statement had to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// What was decided.
    pub outcome: Outcome,
    /// One entry per statement, in order.
    pub statements: Vec<StatementOutcome>,
}

/// A decision; the numbers are places in [`KeyPolicy::statements`], from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This statement allows the request and none denies it.
    Allowed(usize),
    /// This statement denies it.
    ExplicitlyDenied(usize),
    /// No statement allows it.
    NotAllowed,
}

/// What one statement says about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementOutcome {
    /// It speaks of other principals.
    OtherPrincipal,
    /// It speaks of other actions.
    OtherAction,
    /// It speaks of another key.
    OtherKey,
    /// It would apply, but these conditions do not hold: a near miss.
    ConditionsFailed(Vec<FailedCondition>),
    /// It applies.
    Applies(Effect),
}

impl KeyPolicy {
    /// Decides `request`.
    #[must_use]
    pub fn evaluate(&self, request: &Request) -> Evaluation {
        let statements: Vec<_> = self.statements.iter().map(|statement| statement.outcome(request)).collect();
        let first = |effect| statements.iter().position(|outcome| *outcome == StatementOutcome::Applies(effect));
        let outcome = match (first(Effect::Deny), first(Effect::Allow)) {
            (Some(denying), _) => Outcome::ExplicitlyDenied(denying),
            (None, Some(allowing)) => Outcome::Allowed(allowing),
            (None, None) => Outcome::NotAllowed,
        };
        Evaluation { outcome, statements }
    }
}

impl Evaluation {
    /// True where the request may go on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self.outcome, Outcome::Allowed(_))
    }

    /// The statements that would have applied but for their conditions, with the conditions that failed.
    pub fn near_misses(&self) -> impl Iterator<Item = (usize, &[FailedCondition])> {
        self.statements.iter().enumerate().filter_map(|(index, outcome)| match outcome {
            StatementOutcome::ConditionsFailed(failed) => Some((index, failed.as_slice())),
            _ => None,
        })
    }
}

impl Statement {
    fn outcome(&self, request: &Request) -> StatementOutcome {
        if !self.names(&request.principal) {
            return StatementOutcome::OtherPrincipal;
        }
        if !self.covers_action(&request.action) {
            return StatementOutcome::OtherAction;
        }
        if !self.covers_key(&request.key_arn) {
            return StatementOutcome::OtherKey;
        }
        let failure = |condition: &Condition| condition.failure(&request.context);
        let failed: Vec<_> = self.conditions.iter().filter_map(failure).collect();
        if failed.is_empty() { StatementOutcome::Applies(self.effect) } else { StatementOutcome::ConditionsFailed(failed) }
    }
}
