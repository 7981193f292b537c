//! Words beside other words in the lists of a team: whose seat is whose, and what becomes of old ones.

use super::session::Session;
use super::shop::{self, RELEASE};
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

/// A list that only ever grows would some day take no word any more.
#[test]
fn what_one_said_of_releases_that_are_over_goes_once_the_list_is_half_full() -> Done {
    let mut session = session()?;
    let word = |release: &str, by: &str| {
        serde_json::json!({"release": format!("releases/{release}"), "role": "lead", "seat": 1, "decision": "Go",
            "digest": format!("sha256:{}", "0".repeat(64)), "by": by})
    };
    let put = |session: &Session, words: Vec<serde_json::Value>| {
        let mut known = session.server.known.lock().expect("no panic");
        known.objects.get_mut(&shop::team_path("core")).expect("a team")["spec"]["signOffs"] = words.into();
    };
    let kept = |session: &Session| -> Vec<String> {
        let known = session.server.known.lock().expect("no panic");
        let words = known.objects[&shop::team_path("core")]["spec"]["signOffs"].as_array().cloned().unwrap_or_default();
        words.iter().map(|w| format!("{} by {}", w["release"], w["by"]).replace('"', "")).collect()
    };
    {
        let mut known = session.server.known.lock().expect("no panic");
        let release = known.objects[RELEASE].clone();
        for (name, finished) in [("finished", true), ("under-way", false)] {
            let mut other = release.clone();
            other["metadata"]["name"] = name.into();
            other["status"]["finished"] = finished.into();
            shop::put(&mut known, other);
        }
        let hidden = "/apis/rollcall.dev/v1alpha1/namespaces/releases/coordinatedreleases/hidden".to_owned();
        known.forbidden.push(("cora".to_owned(), hidden));
    }
    let mut words: Vec<serde_json::Value> =
        ["finished", "under-way", "hidden"].iter().map(|name| word(name, "cora")).collect();
    words.push(word("gone-too", "bob"));
    words.extend((0..59).map(|n| word(&format!("gone-{n}"), "cora")));
    let cora = ["ready", "core", "-r", "checkout-2", "--revision", &shop::DIGEST, "--as", "cora"];
    put(&session, words.clone());
    session.run(&cora)?;
    assert_eq!(kept(&session).len(), 64, "63 words leave room enough");
    words.push(word("gone-59", "cora"));
    put(&session, words);
    let said = session.run(&cora)?;
    assert_eq!(
        kept(&session),
        [
            "releases/under-way by cora",
            "releases/hidden by cora",
            "releases/gone-too by bob",
            "releases/checkout-2 by cora"
        ]
    );
    let told =
        "note: 61 earlier words of yours went from TeamReadiness core/core: their releases have ended or are gone\n";
    assert!(said.contains(told), "{said}");
    Ok(())
}
