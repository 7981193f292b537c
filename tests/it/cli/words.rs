//! Words beside other words in the lists of a team: whose seat is whose, and what becomes of old ones.

use super::session::Session;
use super::shop;
use crate::support::Done;

fn session() -> Done<Session> {
    Session::with(shop::shop()?)
}

/// A word that counts no more keeps its seat, and only whoever gave it may change it.
#[test]
fn whoever_has_no_seat_takes_a_free_one_and_is_told_of_one_if_they_asked_for_anothers() -> Done {
    let mut session = session()?;
    let bob = ["ready", "core", "-r", "checkout-2", "--revision", &shop::DIGEST, "--as", "bob"];
    let said = session.run(&[&bob[..], &["--seat", "1"]].concat())?;
    assert!(said.contains("somebody else's") && said.contains("help: take another seat: --seat 2"), "{said}");
    session.run(&bob)?;
    session.run(&bob)?;
    let known = session.server.known.lock().expect("no panic");
    let words = known.objects[&shop::team_path("core")]["spec"]["signOffs"].clone();
    let told = |n: usize| (words[n]["seat"].clone(), words[n]["by"].clone());
    assert_eq!(words.as_array().map(Vec::len), Some(2), "{words:#}");
    assert_eq!([told(0), told(1)], [(1.into(), "cora".into()), (2.into(), "bob".into())]);
    Ok(())
}
