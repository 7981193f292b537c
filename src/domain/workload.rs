//! A workload as the decision needs it: what it would run, whether it is held, and how far it is.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::names::{ObjectName, WorkloadName};

/// One version of one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    pub name: WorkloadName,
    pub uid: String,
    /// The API server's version of the object; a release action names exactly this one.
    pub version: String,
    /// The team that gates it, by the gate label; `None` if nothing holds its changes.
    pub gate: Option<String>,
    pub hold: Hold,
    /// The release that claims it by annotation.
    pub claim: Option<ObjectName>,
    /// Digest of the pod template, without what ships nothing new.
    pub template: String,
    /// Image by container name.
    pub images: BTreeMap<String, String>,
    /// Annotations of the pod template.
    pub annotations: BTreeMap<String, String>,
    /// What the pod template consists of, one line for each part: its path, `=`, a short digest.
    pub parts: String,
    pub progress: Progress,
    /// What let its content go last, in rollcall's words.
    pub released: Option<String>,
    /// Who is rolling it back; its template is pinned meanwhile.
    pub rollback: Option<String>,
    /// The digests of the template that it was rolled back from, and of what an apply of that leaves: words with
    /// spaces between, of which at most [`ROLLED_BACK_FORMS`] are looked at. Among them what [`held_back`] says.
    pub rolled_back: Option<String>,
    /// The stored template is what runs already: the change was taken back while it was held.
    pub runs_already: bool,
    /// What its hold can promise.
    pub strength: Strength,
    /// Another controller uses its hold field, so it cannot be held: who that is.
    pub owned_elsewhere: Option<String>,
    pub terminating: bool,
}

/// What a hold can promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Nothing of the held content starts, first installation included, and what runs goes on.
    #[default]
    Full,
    /// The same, but a first installation is not held.
    UpdatesOnly,
    /// Nothing of the held content starts, but what ran before does not run either.
    Interrupting,
    /// A pod that is created while the hold lasts is of the held content. A first installation is not held.
    BestEffort,
}

impl Strength {
    /// The word that a status says.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "Full",
            Self::UpdatesOnly => "UpdatesOnly",
            Self::Interrupting => "Interrupting",
            Self::BestEffort => "BestEffort",
        }
    }
}

/// Whether a workload's new content is stored but not rolled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It goes its own way.
    Free,
    /// The policy held it; releasing it lets it roll out.
    Held,
    /// Its author had paused it before it was held; releasing it leaves it paused.
    HeldPausedByAuthor,
}

impl Hold {
    #[must_use]
    pub fn is_held(self) -> bool {
        self != Self::Free
    }
}

/// How far the stored content has come, as the workload's own controller says of its newest generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The controller has not seen the newest generation.
    NotObserved,
    /// It is on its way.
    Progressing(String),
    /// Its author keeps it paused or suspended.
    PausedByAuthor,
    /// It runs, completely, and nothing older does; or the Job is complete.
    Done,
    /// It failed, at the instant that the controller gave, and said why.
    Failed { at: Option<DateTime<Utc>>, why: String },
}

/// How what never went is remembered of which the release went back, beside what was rolled back.
#[must_use]
pub fn held_back(template: &str) -> String {
    format!("held-back={template}")
}

/// The API server stamps whole seconds, so a failure stamped in the second of the release may be later.
const STAMP_RESOLUTION: TimeDelta = TimeDelta::seconds(1);

/// What was rolled back lands again as it was, or over what the former version has left: all of it, or only what its
/// appliers said, each in its way. With it stands what was rolled back before it.
const ROLLED_BACK_FORMS: usize = 12;

impl Workload {
    /// Its stored content is what it was rolled back from.
    #[must_use]
    pub fn was_rolled_back(&self) -> bool {
        self.was_rolled_back_from(&self.template)
    }

    /// Its stored content never went, and the release went back of which it was.
    #[must_use]
    pub fn was_held_back(&self) -> bool {
        self.was_rolled_back_from(&held_back(&self.template))
    }

    /// Its stored content goes by itself no more.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.was_rolled_back() || self.was_held_back()
    }

    /// This template is what it was rolled back from, or what an apply of that leaves.
    #[must_use]
    pub fn was_rolled_back_from(&self, template: &str) -> bool {
        let forms = self.rolled_back.iter().flat_map(|all| all.split(' ').take(ROLLED_BACK_FORMS));
        forms.into_iter().any(|form| form == template)
    }

    /// The progress of content that was released at `released`: a failure from before then belongs to
    /// earlier content (a Deployment's exceeded deadline outlives a pause, for example).
    #[must_use]
    pub fn progress_since(&self, released: DateTime<Utc>) -> Progress {
        match &self.progress {
            Progress::Failed { at: Some(at), .. } if *at + STAMP_RESOLUTION < released => {
                Progress::Progressing("it has just been released".to_owned())
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_names_what_a_hold_can_promise_by_the_name_of_its_strength() {
        for strength in [Strength::Full, Strength::UpdatesOnly, Strength::Interrupting, Strength::BestEffort] {
            assert_eq!(strength.as_str(), format!("{strength:?}"));
        }
    }
}
