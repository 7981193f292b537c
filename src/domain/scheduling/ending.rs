//! How a release can end otherwise than by shipping everything, and what is recorded on the way there.

use chrono::{DateTime, Utc};

use crate::domain::names::ObjectName;

/// How a rollback goes about its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RollbackRules {
    /// Steps that are on their way may finish before the rollback begins; else they are rolled back where they are.
    pub running_finish: bool,
    /// Steps beneath one whose rollback failed are rolled back all the same.
    pub go_on: bool,
}

/// Somebody ends the release before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// What is held stays held until another release takes it; else it is the teams' own again.
    pub keep: bool,
    pub reason: String,
}

/// Somebody with the verb `rollback` asks for the former versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The user name that the API server stamped.
    pub by: String,
    pub reason: String,
}

/// The revision that ran when a step was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// The name of the object that keeps it.
    pub name: String,
    /// The digest of its pod template.
    pub template: String,
}

/// The decision to roll back, once it is made. It is not taken back when what caused it goes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Began {
    pub since: DateTime<Utc>,
    /// In one sentence, for people.
    pub cause: String,
}

/// A team's word under which a release went until it halted: it still counts for what ships after that, as
/// long as nothing of the team's own part has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    pub team: ObjectName,
    /// What the team signed.
    pub signed: String,
    /// Digest of the plan and the team's own members at that time.
    pub part: String,
}

/// Somebody of a team says that a task of a release is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDone {
    pub release: ObjectName,
    pub step: String,
    /// What was about to ship when it was done: the release's digest.
    pub digest: String,
    /// The user name that the API server stamped.
    pub by: String,
}

/// Why a step that was decided on could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The API server does not let rollcall touch the workload, and said so.
    NotAllowed(String),
    /// The revision that would be put back is not there any more.
    FormerGone,
}

/// The words that mark a workload as being rolled back by a step of a release, and by no other.
#[must_use]
pub fn marker(release: &ObjectName, uid: &str, step: &str) -> String {
    format!("{release} {step} {uid}")
}

/// The release that a marker names, and its UID. `None` if nobody of ours wrote it.
#[must_use]
pub fn marked_by(marker: &str) -> Option<(ObjectName, &str)> {
    let mut words = marker.split(' ');
    let (release, _step, uid) = (words.next()?, words.next()?, words.next()?);
    Some((release.parse().ok()?, uid))
}

/// Whom a marker names, for people; a marker that nobody of ours wrote is repeated.
#[must_use]
pub fn marked_by_whom(marker: &str) -> String {
    marked_by(marker).map_or_else(|| marker.to_owned(), |(release, _)| format!("release {release}"))
}

/// The words that a release action leaves on the workload: which decision let this content go.
#[must_use]
pub fn released_by(release: &ObjectName, step: &str, digest: &str) -> String {
    format!("release {release} step {step} digest {}", crate::digest::short(digest))
}
