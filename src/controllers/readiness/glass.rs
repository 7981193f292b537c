//! A glass that was broken, noticed afterwards: the API server lets one change out while rollcall looks away, and
//! rollcall records it when it looks again.
//!
//! Who broke it is in the API server's audit log; the annotation names the ticket. An annotation of somebody who may
//! not break it has no effect, and is told apart by that: what it came with is held.

use crate::api::readiness::TeamWorkload;
use crate::api::team_status::BrokenGlass;
use crate::api::time::to_wire;
use crate::cluster::workloads::Workload;
use crate::digest::short;

/// As many broken glasses as a status keeps.
const KEPT: usize = 16;
/// The longest text of an annotation that is kept, in characters.
const TEXT: usize = 256;

/// What is remembered of a workload, so that a broken glass is noticed later.
pub fn remember(status: &mut TeamWorkload, found: &Workload) {
    status.template = Some(short(&found.template).to_owned());
    status.glass = found.glass.as_deref().map(said);
    status.let_go_by = found.released.as_deref().map(said);
}

fn said(text: &str) -> String {
    crate::api::conditions::cut(text, TEXT)
}

/// The glass that was broken since the workload was looked at last, if one was.
#[must_use]
pub fn broken(
    before: Option<&TeamWorkload>,
    found: &Workload,
    now: chrono::DateTime<chrono::Utc>,
) -> Option<BrokenGlass> {
    let ticket = said(found.glass.as_deref().filter(|_| found.hold.is_none())?);
    let news = match before.filter(|b| b.template.is_some()) {
        // It was made with the ticket, and nobody let it go.
        None => found.released.is_none(),
        Some(before) => {
            let went = before.held_since.is_some() || before.template.as_deref() != Some(short(&found.template));
            let by_rollcall = found.released.is_some() && before.let_go_by != found.released.as_deref().map(said);
            before.glass.as_ref() != Some(&ticket) && went && !by_rollcall
        }
    };
    news.then(|| BrokenGlass {
        kind: found.kind,
        name: found.key.name.to_string(),
        ticket,
        template: short(&found.template).to_owned(),
        at: to_wire(now),
    })
}

/// The record with what is new; the oldest give way.
#[must_use]
pub fn record(old: &[BrokenGlass], new: impl IntoIterator<Item = BrokenGlass>) -> Vec<BrokenGlass> {
    let mut all: Vec<BrokenGlass> = old.iter().cloned().chain(new).collect();
    let surplus = all.len().saturating_sub(KEPT);
    all.drain(..surplus);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::fields::WorkloadKind;
    use serde_json::json;

    fn found(image: &str, held: bool, glass: &str) -> Workload {
        let mut object = json!({"metadata": {"namespace": "shop", "name": "api", "labels": {"rollcall.dev/gate": "shop"},
            "annotations": {"rollcall.dev/released": "r"}},
            "spec": {"template": {"spec": {"containers": [{"name": "api", "image": image}]}}}});
        for (key, value) in
            [("rollcall.dev/break-glass", glass), ("rollcall.dev/hold", if held { "policy" } else { "" })]
        {
            if !value.is_empty() {
                object["metadata"]["annotations"][key] = json!(value);
            }
        }
        crate::cluster::workloads::decode(WorkloadKind::Deployment, &object.to_string()).expect("decodes")
    }

    /// What is recorded when a workload is looked at in these states, one after the other.
    fn tickets(states: &[(&str, bool, &str)]) -> Vec<String> {
        let now = "2027-01-12T09:00:00Z".parse().expect("an instant");
        let (mut before, mut all) = (None::<TeamWorkload>, Vec::new());
        for (image, held, glass) in states {
            let seen = found(image, *held, glass);
            all.extend(broken(before.as_ref(), &seen, now).map(|b| b.ticket));
            let mut status = super::super::workloads::status_of(WorkloadKind::Deployment, "api", "Gated");
            status.held_since = held.then(|| to_wire(now));
            remember(&mut status, &seen);
            before = Some(status);
        }
        all
    }

    #[test]
    fn a_held_change_that_went_with_a_new_ticket_is_recorded_once() {
        let states = [("a:1", false, ""), ("a:2", true, ""), ("a:2", false, "INC-1"), ("a:2", false, "INC-1")];
        assert_eq!(tickets(&states), ["INC-1"]);
    }

    #[test]
    fn a_change_that_came_with_a_new_ticket_and_was_not_held_is_recorded() {
        assert_eq!(tickets(&[("a:1", false, ""), ("a:2", false, "INC-1")]), ["INC-1"]);
        assert_eq!(tickets(&[("a:1", false, "INC-1"), ("a:2", false, "INC-2")]), ["INC-2"]);
    }

    #[test]
    fn a_ticket_without_effect_is_none() {
        let held = [("a:1", false, ""), ("a:2", true, "INC-1"), ("a:2", false, "INC-1")];
        assert_eq!(tickets(&held), Vec::<String>::new(), "it was held with it, and let go as any other");
        assert_eq!(tickets(&[("a:1", false, ""), ("a:1", false, "INC-1")]), Vec::<String>::new(), "nothing went");
    }

    #[test]
    fn a_glass_that_took_the_note_of_what_rollcall_let_go_is_recorded() {
        let now = "2027-01-12T09:00:00Z".parse().expect("an instant");
        let mut before = super::super::workloads::status_of(WorkloadKind::Deployment, "api", "Gated");
        remember(&mut before, &found("a:1", false, ""));
        let mut fixed = found("a:2", false, "INC-1");
        fixed.released = None;
        assert_eq!(broken(Some(&before), &fixed, now).map(|b| b.ticket), Some("INC-1".to_owned()));
    }

    #[test]
    fn what_rollcall_let_go_itself_broke_no_glass() {
        let now = "2027-01-12T09:00:00Z".parse().expect("an instant");
        let mut before = super::super::workloads::status_of(WorkloadKind::Deployment, "api", "Gated");
        before.held_since = Some(to_wire(now));
        remember(&mut before, &found("a:2", true, ""));
        assert!(broken(Some(&before), &found("a:2", false, "INC-1"), now).is_some());
        before.let_go_by = Some("something earlier".to_owned());
        assert_eq!(broken(Some(&before), &found("a:2", false, "INC-1"), now), None);
    }
}
