//! Whether a team has said yes to what would ship now.
//!
//! This folder never asks who may sign: the API server did, before the sign-off was stored. It knows
//! no windows and no order.

pub mod checks;

use std::collections::BTreeSet;

pub use checks::{CheckResult, CheckState, WhyUnchecked};

use chrono::{DateTime, TimeDelta, Utc};

/// Whose word a team requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOffRules {
    pub required: Vec<Requirement>,
    /// How long a sign-off holds after it was first seen, this instant excluded.
    pub valid_for: TimeDelta,
    /// Service accounts whose word counts where a human is required.
    pub delegates: BTreeSet<String>,
    /// Whoever wrote the release may not sign it.
    pub no_self_approval: bool,
    /// A withdrawal after the start stops further steps.
    pub withdrawal_halts: bool,
}

/// So many different people must say Go in a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    pub role: String,
    pub count: usize,
    pub require_human: bool,
}

/// One sign-off as the API server stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOff {
    pub role: String,
    pub go: bool,
    pub digest: String,
    pub reason: String,
    /// The user name that the API server stamped.
    pub by: String,
    /// When rollcall first saw it; `None` if it has yet to record that, in which case it does not count yet.
    pub seen: Option<DateTime<Utc>>,
}

/// What is missing for one required role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    pub role: String,
    pub why: WhyLacking,
}

/// Why a role's word is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyLacking {
    /// So many signatures more are needed.
    Missing { more: usize },
    /// Somebody signed other content.
    Stale {
        by: String,
        signed: String,
        /// What is other now, as far as it is known.
        changed: Vec<String>,
    },
    /// Somebody signed, too long ago.
    Expired { by: String, at: DateTime<Utc> },
    /// Somebody said NoGo.
    Refused { by: String, reason: String },
    /// Whoever signed does not count in this role.
    NotTrusted { by: String, why: &'static str },
    /// It was signed and rollcall has yet to record when.
    BeingRecorded { by: String },
}

/// The count of a team's word on one digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Empty if every role has said Go.
    pub lacks: Vec<Lack>,
    /// When a sign-off that counts now stops to count.
    pub holds_until: Option<DateTime<Utc>>,
}

impl Tally {
    #[must_use]
    pub fn complete(&self) -> bool {
        self.lacks.is_empty()
    }
}

/// Counts a team's sign-offs for the content `digest`, written by `author`, at `now`.
#[must_use]
pub fn tally(
    rules: &SignOffRules,
    sign_offs: &[SignOff],
    digest: &str,
    author: Option<&str>,
    now: DateTime<Utc>,
) -> Tally {
    let mut lacks = Vec::new();
    let mut holds_until: Option<DateTime<Utc>> = None;
    for requirement in &rules.required {
        let of_role: Vec<&SignOff> = sign_offs.iter().filter(|s| s.role == requirement.role).collect();
        let mut people = BTreeSet::new();
        let mut first_problem = None;
        for sign_off in of_role {
            match standing(rules, requirement, sign_off, digest, author, now) {
                Ok(until) => {
                    people.insert(sign_off.by.as_str());
                    holds_until = Some(holds_until.map_or(until, |h| h.min(until)));
                }
                // A NoGo for this content outweighs any number of Gos and any other problem.
                Err(why @ WhyLacking::Refused { .. }) => {
                    people.clear();
                    first_problem = Some(why);
                    break;
                }
                Err(why) => first_problem = first_problem.or(Some(why)),
            }
        }
        if people.len() < requirement.count {
            let more = requirement.count - people.len();
            let why = first_problem.unwrap_or(WhyLacking::Missing { more });
            lacks.push(Lack { role: requirement.role.clone(), why });
        }
    }
    Tally { lacks, holds_until }
}

/// Until when a sign-off counts, or why it does not.
fn standing(
    rules: &SignOffRules,
    requirement: &Requirement,
    sign_off: &SignOff,
    digest: &str,
    author: Option<&str>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, WhyLacking> {
    let by = sign_off.by.clone();
    if sign_off.digest != digest {
        return Err(WhyLacking::Stale { by, signed: sign_off.digest.clone(), changed: Vec::new() });
    }
    if !sign_off.go {
        return Err(WhyLacking::Refused { by, reason: sign_off.reason.clone() });
    }
    if by.is_empty() {
        return Err(WhyLacking::NotTrusted { by, why: "the API server stamped nobody" });
    }
    let machine = by.starts_with("system:serviceaccount:");
    if requirement.require_human && machine && !rules.delegates.contains(&by) {
        return Err(WhyLacking::NotTrusted {
            by,
            why: "a human is required and this is a service account that is no delegate",
        });
    }
    if rules.no_self_approval && author == Some(by.as_str()) {
        return Err(WhyLacking::NotTrusted { by, why: "whoever wrote the release may not sign it" });
    }
    let Some(seen) = sign_off.seen else {
        return Err(WhyLacking::BeingRecorded { by });
    };
    let until = seen + rules.valid_for;
    if now >= until {
        return Err(WhyLacking::Expired { by, at: until });
    }
    Ok(until)
}

#[cfg(test)]
mod tests;
