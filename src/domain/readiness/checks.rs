//! What a team's checks say, and for how long an answer counts.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::digest::{digest_of, short};

/// What a check said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// It has yet to answer.
    Pending,
    /// It passes.
    Ready,
    /// It does not pass now; it is asked again.
    Retry,
    /// It says no, or cannot be asked as it is written: asking again does not help.
    Rejected,
}

impl CheckState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Ready => "Ready",
            Self::Retry => "Retry",
            Self::Rejected => "Rejected",
        }
    }

    /// The state of this name. A name that is not known is no answer.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "Ready" => Self::Ready,
            "Retry" => Self::Retry,
            "Rejected" => Self::Rejected,
            _ => Self::Pending,
        }
    }
}

/// The answer of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    pub state: CheckState,
    /// For people.
    pub message: String,
    /// What to do so that the check can be asked at all; empty if it can be.
    pub remedy: String,
    /// When it answered; `None` if it has not.
    pub at: Option<DateTime<Utc>>,
    /// For how long that answer counts, this instant excluded.
    pub counts_for: TimeDelta,
}

/// Why a check keeps its team from being ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyUnchecked {
    /// It has not answered, or too long ago to count.
    NoAnswer,
    /// It does not pass now.
    Failing,
    /// It says no.
    Rejected,
    /// It cannot be asked as it is written; the remedy says what would help.
    CannotRun { remedy: String },
}

impl CheckResult {
    /// A check that has not answered.
    #[must_use]
    pub fn unasked(counts_for: TimeDelta) -> Self {
        Self {
            state: CheckState::Pending,
            message: "it has not answered yet".to_owned(),
            remedy: String::new(),
            at: None,
            counts_for,
        }
    }

    /// Until when the answer counts.
    #[must_use]
    pub fn counts_until(&self) -> Option<DateTime<Utc>> {
        self.at.map(|at| at + self.counts_for)
    }

    /// Why the check keeps its team from being ready at `now`; `None` if it passes.
    #[must_use]
    pub fn lack(&self, now: DateTime<Utc>) -> Option<WhyUnchecked> {
        let counts = self.counts_until().is_some_and(|until| now < until);
        match self.state {
            _ if !counts => Some(WhyUnchecked::NoAnswer),
            CheckState::Ready => None,
            CheckState::Pending => Some(WhyUnchecked::NoAnswer),
            CheckState::Retry => Some(WhyUnchecked::Failing),
            CheckState::Rejected if self.remedy.is_empty() => Some(WhyUnchecked::Rejected),
            CheckState::Rejected => Some(WhyUnchecked::CannotRun { remedy: self.remedy.clone() }),
        }
    }
}

/// What tells two definitions of a check of one name apart: an answer to the one is none to the other.
#[must_use]
pub fn definition(check: &Value) -> String {
    short(&digest_of(check)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn answer(state: CheckState) -> CheckResult {
        CheckResult { state, at: Some(at("2027-01-12T09:00:00Z")), ..CheckResult::unasked(TimeDelta::minutes(2)) }
    }

    #[test]
    fn an_answer_counts_until_it_is_too_old_and_not_then() {
        let ready = answer(CheckState::Ready);
        assert_eq!(ready.lack(at("2027-01-12T09:01:59Z")), None);
        assert_eq!(ready.lack(at("2027-01-12T09:02:00Z")), Some(WhyUnchecked::NoAnswer));
        assert_eq!(
            CheckResult::unasked(TimeDelta::hours(1)).lack(at("2027-01-12T09:00:00Z")),
            Some(WhyUnchecked::NoAnswer)
        );
    }

    #[test]
    fn whatever_is_not_ready_keeps_the_team_back_and_says_how() {
        let now = at("2027-01-12T09:00:01Z");
        for (state, why) in [
            (CheckState::Pending, WhyUnchecked::NoAnswer),
            (CheckState::Retry, WhyUnchecked::Failing),
            (CheckState::Rejected, WhyUnchecked::Rejected),
        ] {
            assert_eq!(answer(state).lack(now), Some(why));
        }
        let forbidden = CheckResult { remedy: "grant it".into(), ..answer(CheckState::Rejected) };
        assert_eq!(forbidden.lack(now), Some(WhyUnchecked::CannotRun { remedy: "grant it".into() }));
    }

    #[test]
    fn states_are_read_back_as_they_were_written_and_anything_else_is_no_answer() {
        for state in [CheckState::Pending, CheckState::Ready, CheckState::Retry, CheckState::Rejected] {
            assert_eq!(CheckState::named(state.as_str()), state);
        }
        assert_eq!(CheckState::named("Fine"), CheckState::Pending);
    }

    #[test]
    fn another_definition_under_the_same_name_is_another_check() {
        let a = serde_json::json!({"name": "budget", "http": {"endpoint": "a"}});
        let b = serde_json::json!({"name": "budget", "http": {"endpoint": "b"}});
        assert_ne!(definition(&a), definition(&b));
        assert_eq!(definition(&a), definition(&a.clone()));
    }
}
