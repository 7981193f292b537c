//! What is known of a release once it was read, and how far that reaches for a person who may not see everything.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::hold::Mend;
use crate::api::names::STOP;
use crate::api::release::BlockerStatus;
use crate::cluster::admission::WEBHOOKS;
use crate::cluster::objects::Release;
use crate::domain::scheduling::{CODES, Cause, Code, Decision, Gate, Situation};

/// A release, and what the operator would decide on it.
pub struct Examined {
    pub release: Arc<Release>,
    /// The instant that was asked about.
    pub at: DateTime<Utc>,
    /// By the API server's clock.
    pub now: DateTime<Utc>,
    /// `None` if the release has ended, or if the plan makes no sense: then `blockers` say so.
    pub sound: Option<(Situation, Decision)>,
    pub blockers: Vec<Blocked>,
    /// What the person may not see.
    pub unseen: Vec<String>,
    /// The operator's namespace.
    pub platform: String,
    /// What puts the hold right, should something of it be missing; `None` where that was not asked.
    pub mend: Option<Mend>,
    /// How the release ended, if it has: nothing is decided on it any more, and its status is the record.
    pub ended: Option<String>,
    /// The blockers are those that the operator last reported, as the person may not see what it decided on.
    pub reported: bool,
}

impl Examined {
    /// Whether nothing of it goes forward any more: it is rolled back, or somebody has ended it.
    #[must_use]
    pub fn goes_back_or_ends(&self) -> bool {
        let back = self.sound.as_ref().is_some_and(|(_, decision)| decision.rollback.is_some());
        back || self.release.spec.cancel.is_some()
    }

    /// The same where the person sees what is decided on. Else what the operator last reported, if that is of this
    /// version and nobody asked about another instant: a decision on half of it would be another one.
    #[must_use]
    pub fn or_as_reported(self) -> Self {
        let status = &self.release.status;
        let current = status.observed_generation.unwrap_or(-1) >= self.release.meta.generation;
        if !self.hides() || !current || self.at != self.now || self.ended.is_some() {
            return self;
        }
        let blockers = status.blockers.iter().cloned().map(|said| Blocked { cause: None, said }).collect();
        Self { sound: None, blockers, reported: true, ..self }
    }

    /// Whether a decision depends on what the person may not see: teams, workloads, windows, and what says where
    /// windows govern.
    #[must_use]
    pub fn hides(&self) -> bool {
        let aside = ["admissionpolic", WEBHOOKS.kind, "coordinatedreleases of other namespaces", STOP];
        self.unseen.iter().any(|what| !aside.iter().any(|word| what.contains(word)))
    }

    /// Whether the digest is that of everything: the stop button of the cluster is no content.
    #[must_use]
    pub fn all_content_seen(&self) -> bool {
        self.unseen.iter().all(|what| what.ends_with(STOP))
    }
}

/// A blocker, as the status says it.
pub struct Blocked {
    /// What it is about; `None` if the operator reported it and nobody asked the decision.
    pub cause: Option<Cause>,
    pub said: BlockerStatus,
}

impl Blocked {
    /// Which gate it keeps closed.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.known().map_or(Gate::Failure, |(_, gate, _)| *gate)
    }

    /// What its code means.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        self.known().map_or("", |(_, _, meaning)| meaning)
    }

    fn known(&self) -> Option<&'static (Code, Gate, &'static str)> {
        CODES.iter().find(|(code, ..)| code.to_string() == self.said.code)
    }
}

/// Whether it only says that something is not there which the person may not see.
pub(super) fn is_hidden(cause: &Cause, unseen: &[String]) -> bool {
    let what = match cause {
        Cause::TeamNotFound { team } => format!("TeamReadiness {team}"),
        Cause::WorkloadMissing { workload } => workload.to_string(),
        _ => return false,
    };
    unseen.contains(&what)
}
