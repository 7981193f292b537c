//! The checks of a team, checked.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{bounded, distinct, duration};
use crate::api::checks::Check;
use crate::api::readiness::CheckStatus;
use crate::api::time::from_wire;
use crate::domain::Faults;
use crate::domain::readiness::checks::definition;
use crate::domain::readiness::{CheckResult, CheckState};

/// How long a check may take to answer if it does not say.
const TIMEOUT: TimeDelta = TimeDelta::seconds(30);
/// How often a check is repeated if it does not say.
const EVERY: TimeDelta = TimeDelta::minutes(1);
/// No check is asked more often than that, whatever it says.
const AT_MOST_EVERY: TimeDelta = TimeDelta::seconds(5);

/// When a check is asked and for how long its answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub timeout: TimeDelta,
    pub every: TimeDelta,
}

impl Pace {
    /// For how long an answer counts: until it has been asked twice more in vain.
    #[must_use]
    pub fn counts_for(self) -> TimeDelta {
        self.every * 2 + self.timeout
    }
}

/// The pace of a check. What is not a duration counts as not said; [`results`] says that it is wrong.
#[must_use]
pub fn pace(check: &Check) -> Pace {
    paced(&mut Faults::default(), "", check)
}

fn paced(faults: &mut Faults, path: &str, check: &Check) -> Pace {
    Pace {
        timeout: duration(faults, &format!("{path}.timeout"), check.timeout.as_ref(), TIMEOUT),
        every: duration(faults, &format!("{path}.every"), check.every.as_ref(), EVERY).max(AT_MOST_EVERY),
    }
}

/// What tells this definition of the check from another under the same name.
#[must_use]
pub fn definition_of(check: &Check) -> String {
    definition(&serde_json::to_value(check).unwrap_or_default())
}

/// What each check said last; one whose definition has changed since has said nothing.
pub(super) fn results(faults: &mut Faults, checks: &[Check], said: &[CheckStatus]) -> BTreeMap<String, CheckResult> {
    bounded(faults, "spec.checks", checks, 32);
    distinct(faults, "spec.checks", "name", checks.iter().map(|c| c.name.as_str()));
    let mut all = BTreeMap::new();
    for (n, check) in checks.iter().enumerate() {
        let pace = paced(faults, &format!("spec.checks[{n}]"), check);
        let known = said.iter().find(|s| s.name == check.name && s.definition == definition_of(check));
        let unasked = CheckResult::unasked(pace.counts_for());
        let result = match known {
            None => unasked,
            Some(said) => CheckResult {
                state: CheckState::named(&said.state),
                message: said.message.clone(),
                remedy: said.remedy.clone().unwrap_or_default(),
                at: said.at.as_deref().and_then(from_wire),
                ..unasked
            },
        };
        all.insert(check.name.clone(), result);
    }
    all
}
