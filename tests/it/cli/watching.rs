//! Verbs that go on: what they say when something changes, when the connection is lost, and when it is back.

use super::session::Session;
use super::shop::{self, RELEASE};
use crate::support::Done;

/// Puts another version of the release where the API server has it.
fn put(release: serde_json::Value) -> impl Fn(&mut super::server::Known) {
    move |known| drop(known.objects.insert(RELEASE.to_owned(), release.clone()))
}

fn down(known: &mut super::server::Known) {
    known.down = true;
}

fn up(known: &mut super::server::Known) {
    known.down = false;
}

#[test]
fn a_wait_says_what_it_waits_for_and_ends_by_itself() -> Done {
    let known = shop::shop()?;
    let mut signed = known.objects[RELEASE].clone();
    let mut blockers = signed["status"]["blockers"].take();
    signed["status"]["blockers"] = serde_json::json!([blockers[1].take()]);
    let mut done = known.objects[RELEASE].clone();
    done["status"]["blockers"] = serde_json::json!([]);
    done["status"]["progress"] = "4/4".into();
    done["status"]["finished"] = true.into();
    done["status"]["conditions"][0]["reason"] = "Completed".into();
    let mut session = Session::with(known)?;
    session.run(&["wait", "checkout-2", "--for", "ready", "--timeout", "0s"])?;
    session.meanwhile(
        &["wait", "checkout-2", "--timeout", "20m"],
        &[("RC052", &put(signed)), ("RC051", &down), ("connection lost", &up), ("connected again", &put(done))],
    )?;
    session.run(&["wait", "checkout-2", "--for", "condition=Ready=False", "--timeout", "0s"])?;
    session.run(&["wait", "checkout-2", "--for", "never"])?;
    session.is_told_in("wait")
}

#[test]
fn a_watch_writes_what_changes_says_when_the_connection_is_lost_and_ends_with_the_release() -> Done {
    let known = shop::shop()?;
    let mut paused = known.objects[RELEASE].clone();
    paused["spec"]["paused"] = true.into();
    let mut over = known.objects[RELEASE].clone();
    over["spec"]["steps"] = serde_json::json!([{"name": "pause", "wait": "1s"}]);
    over["status"]["steps"] = serde_json::json!([{"name": "pause", "state": "Done", "startedAt": "2027-01-12T06:00:00Z",
        "finishedAt": "2027-01-12T06:00:01Z"}]);
    let before = known.objects[RELEASE].clone();
    let mut session = Session::with(known)?;
    session.meanwhile(
        &["status", "checkout-2", "-w"],
        &[
            ("step admin", &put(paused.clone())),
            ("RC001", &down),
            ("connection lost", &up),
            ("connected again", &put(over.clone())),
        ],
    )?;
    put(before)(&mut session.server.known.lock().expect("no panic"));
    let drawn = "\u{1b}[?2026l";
    // A frame may come in pieces: the next change waits for all of it.
    let lost = format!("connection lost…{drawn}");
    session.meanwhile_at_terminal(
        &["status", "checkout-2", "-w"],
        &[(drawn, &put(paused)), (drawn, &down), (&lost, &up), (drawn, &put(over))],
    )?;
    session.is_told_in("status-watch")
}

#[test]
fn new_events_are_written_as_they_come() -> Done {
    let mut session = Session::with(shop::shop()?)?;
    let said = {
        let new = |known: &mut super::server::Known| {
            shop::put(known, shop::event("2027-01-12T06:30:00.000000Z", "StepReleased", "step api was let go"));
        };
        let gone = |known: &mut super::server::Known| {
            known.forbidden.push(("ana".to_owned(), "/apis/events.k8s.io".to_owned()));
            // The watch wakes it, and the list is refused.
            shop::put(known, shop::event("2027-01-12T06:31:00.000000Z", "Unseen", "nobody reads this"));
        };
        session.meanwhile(
            &["events", "checkout-2", "-w"],
            &[
                ("has changed: 2 teams", &new),
                ("StepReleased", &down),
                ("connection lost", &up),
                ("connected again", &gone),
            ],
        )?
    };
    assert!(said.contains("step api was let go") && said.contains("error: "), "{said}");
    assert!(!said.contains("nobody reads this"), "{said}");
    Ok(())
}
