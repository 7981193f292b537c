//! What makes the API server hold, where that is not what the command takes for granted.

use serde_json::Value;

use super::session::Session;
use super::shop::{self, RELEASE};
use crate::support::Done;

/// What was written is written, and whoever stops something has to know that it stops.
#[test]
fn a_stop_that_was_stored_is_told_though_nothing_more_can_be_read() -> Done {
    let mut known = shop::shop()?;
    known.not_installed.push("teamreadinesses".to_owned());
    let mut session = Session::with(known)?;
    let paused = |session: &Session| -> Value {
        session.server.known.lock().expect("no panic").objects[RELEASE]["spec"]["paused"].clone()
    };
    for (verb, stored, words) in [
        ("hold", true, "releases/checkout-2 is held: no further step starts. What is under way could not be read: "),
        ("resume", false, "releases/checkout-2 may go on. What it still waits for could not be read: "),
    ] {
        let said = session.run(&[verb, "checkout-2"])?;
        assert_eq!(paused(&session), stored);
        assert!(said.starts_with(words) && said.contains("the API server does not know this kind"), "{said}");
        let code = session.command("rollcall", &[verb, "checkout-2"])?.output()?.status.code();
        assert_eq!(code, Some(0));
    }
    Ok(())
}
