//! The three patches that rollcall makes of a workload: let it go, put the former revision back, and end that.
//! Each fails unless the object still has the version that was decided on.

use serde_json::{Value, json};

use super::adapter::{of, set};
use super::{Held, Workload};
use crate::api::names::{CLAIM, HOLD, HOLD_RESTORE, LET_GO_BY, RELEASED, ROLLBACK, ROLLED_BACK, WITHDRAWN};
use crate::cluster::revisions::Former;

/// Lets a held workload go. What its author had stopped stays stopped, and what was rolled back before is
/// forgotten: whoever lets something go has looked at it. `by` is until when it may be stored, as RFC 3339 has it.
#[must_use]
pub fn release_patch(workload: &Workload, why: &str, by: &str) -> Value {
    let mut operations = unchanged(workload);
    operations.extend(without_hold(workload, workload.template.clone()));
    operations.push(set(&annotation_path(RELEASED), why));
    operations.push(set(&annotation_path(LET_GO_BY), by));
    if workload.rolled_back.is_some() {
        operations.push(remove(ROLLED_BACK));
    }
    Value::Array(operations)
}

/// As [`release_patch`], and takes away the claim of a release that has ended.
#[must_use]
pub fn release_from_claim_patch(workload: &Workload, why: &str, by: &str) -> Value {
    let mut patch = release_patch(workload, why, by);
    if let (Some(operations), Some(_)) = (patch.as_array_mut(), &workload.claim) {
        operations.push(remove(CLAIM));
    }
    patch
}

/// Puts a former revision back, marks that, which pins it, and lets it go, all at once. What is rolled back is remembered
/// in the same write, so that whoever ends the rollback, in whatever way, need not know it: by its digest or, with a
/// space between, by one digest for each form in which it can land again. What was rolled back before, with nothing let
/// go since, is not forgotten over it: Git may still have that.
#[must_use]
pub fn rollback_patch(workload: &Workload, former: &Former, marker: &str, rolled_back: &str) -> Value {
    let mut operations = unchanged(workload);
    if workload.bare {
        operations.push(set("/metadata/annotations", json!({})));
    }
    if workload.hold.is_some() {
        operations.extend(without_hold(workload, former.digest.clone()));
    } else {
        operations.extend(of(workload.kind).runs_from_now(&former.digest));
    }
    operations.push(set(&format!("/spec/{}", of(workload.kind).content()), former.template.clone()));
    operations.push(set(&annotation_path(ROLLBACK), marker));
    operations.push(remembered(workload, rolled_back, &former.digest));
    Value::Array(operations)
}

/// Adds digests to what was rolled back before, but for what runs now.
fn remembered(workload: &Workload, rolled_back: &str, runs: &str) -> Value {
    let before = workload.rolled_back.iter().flat_map(|forms| forms.split(' '));
    let before = before.filter(|form| *form != runs && !rolled_back.split(' ').any(|new| new == *form));
    let all: Vec<&str> = rolled_back.split(' ').chain(before).take(REMEMBERED).collect();
    set(&annotation_path(ROLLED_BACK), all.join(" "))
}

/// How many digests of what was rolled back are kept, the newest first: those of three rollbacks at least.
const REMEMBERED: usize = 12;

/// Ends a rollback: the content is no longer pinned. What was rolled back stays remembered; if it is not, as whoever
/// began did not write it down yet, by its digest.
#[must_use]
pub fn unpin_patch(workload: &Workload, rolled_back: &str) -> Value {
    let mut operations = unchanged(workload);
    operations.push(remove(ROLLBACK));
    let known = workload.rolled_back.iter().flat_map(|forms| forms.split(' ')).any(|form| form == rolled_back);
    if !known {
        operations.push(set(&annotation_path(ROLLED_BACK), rolled_back));
    }
    Value::Array(operations)
}

/// Ends a rollback that nobody will end any more: the content is no longer pinned. What was rolled back stays
/// remembered.
#[must_use]
pub fn abandon_patch(workload: &Workload) -> Value {
    let mut operations = unchanged(workload);
    operations.push(remove(ROLLBACK));
    Value::Array(operations)
}

/// Marks a held workload as claimed by a release, which may end and keep it held.
#[must_use]
pub fn keep_patch(workload: &Workload, release: &str) -> Value {
    let mut operations = unchanged(workload);
    operations.push(set(&annotation_path(CLAIM), release));
    Value::Array(operations)
}

/// Remembers the content that is held, in one word, beside what was rolled back.
#[must_use]
pub fn hold_back_patch(workload: &Workload, word: &str) -> Value {
    let mut operations = unchanged(workload);
    operations.push(remembered(workload, word, ""));
    Value::Array(operations)
}

/// Notes that a grant for this version was taken back, which gives the workload another one: the note names the version,
/// so no two are the same.
#[must_use]
pub fn withdraw_patch(workload: &Workload, step: &str) -> Value {
    let mut operations = unchanged(workload);
    operations.push(set(&annotation_path(WITHDRAWN), format!("{step} {}", workload.version.as_str())));
    Value::Array(operations)
}

fn unchanged(workload: &Workload) -> Vec<Value> {
    vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": workload.version.as_str()})]
}

/// `content` is the digest of what runs from now on.
fn without_hold(workload: &Workload, content: String) -> Vec<Value> {
    let mut operations = vec![remove(HOLD)];
    if workload.restore.is_some() {
        operations.push(remove(HOLD_RESTORE));
    }
    operations.extend(of(workload.kind).runs_from_now(&content));
    if let Some(by) = workload.hold {
        let held = Held { by, restore: workload.restore.clone(), content, last_run: workload.last_run.clone() };
        operations.extend(of(workload.kind).let_go(&held));
    }
    operations
}

fn remove(annotation: &str) -> Value {
    json!({"op": "remove", "path": annotation_path(annotation)})
}

/// Where an annotation stands, as a JSON pointer (RFC 6901 section 3).
pub(super) fn annotation_path(name: &str) -> String {
    format!("/metadata/annotations/{}", name.replace('~', "~0").replace('/', "~1"))
}
