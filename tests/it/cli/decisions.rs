//! What people decide about a release: what they are shown before, what is written, and how it is seen then.

use super::session::Session;
use super::shop::{self, RELEASE};
use crate::support::Done;

fn session() -> Done<Session> {
    Session::with(shop::shop()?)
}

/// A release of which the api has gone, with its former version on record.
fn gone() -> Done<super::server::Known> {
    let mut known = shop::shop()?;
    let release = known.objects.get_mut(RELEASE).ok_or(RELEASE)?;
    let released = format!("release releases/checkout-2 step api digest {}", &shop::DIGEST["sha256:".len()..][..12]);
    let template = {
        let grant = serde_json::json!({"format": 1, "at": "2027-01-12T06:00:00Z", "digest": *shop::DIGEST,
            "workloadUid": "uid-deployment-api", "workloadVersion": "99", "template": "sha256:ab",
            "former": {"name": "api-1", "template": "sha256:0123456789abcdef"}});
        release["status"]["startedAt"] = "2027-01-12T06:00:00Z".into();
        release["status"]["steps"] = serde_json::json!([{"name": "api", "state": "Done", "grant": grant,
            "startedAt": "2027-01-12T06:00:05Z", "finishedAt": "2027-01-12T06:05:00Z"}]);
        released
    };
    let api = known.objects.get_mut("/apis/apps/v1/namespaces/core/deployments/api").ok_or("no api")?;
    api["metadata"]["annotations"]["rollcall.dev/released"] = template.into();
    Ok(known)
}

#[test]
fn a_rollback_says_what_goes_back_and_what_stays_before_it_is_asked_for() -> Done {
    let mut session = session()?;
    session.run(&["rollback", "checkout-2", "--reason", "orders are lost", "--yes"])?;
    assert_eq!(session.server.known.lock().expect("no panic").writes, [""; 0], "nothing has gone");
    *session.server.known.lock().expect("no panic") = gone()?;
    session.run(&["rollback", "checkout-2"])?;
    session.run(&["rollback", "checkout-2", "--reason", " "])?;
    session.run(&["rollback", "checkout-2", "--reason", "orders are lost"])?;
    session.at_terminal(&["rollback", "checkout-2", "--reason", "orders are lost"], "n\n")?;
    assert_eq!(session.server.known.lock().expect("no panic").writes, [""; 0], "nobody said yes");
    session.run(&["rollback", "checkout-2", "--reason", "orders are lost", "--yes", "-q"])?;
    {
        let mut known = session.server.known.lock().expect("no panic");
        let release = known.objects.get_mut(RELEASE).expect("there");
        assert_eq!(release["metadata"]["annotations"]["rollcall.dev/rollback-requested"], "orders are lost");
        // As the API server stamps it.
        release["metadata"]["annotations"]["rollcall.dev/rollback-requested-by"] = "ana".into();
    }
    session.run(&["why", "checkout-2"])?;
    session.run(&["status", "checkout-2"])?;
    session.run(&["tree", "checkout-2"])?;
    session.is_told_in("rollback")
}

#[test]
fn a_release_that_has_ended_goes_back_as_far_as_its_former_versions_are_kept() -> Done {
    let mut known = gone()?;
    let release = known.objects.get_mut(RELEASE).ok_or(RELEASE)?;
    release["status"]["finished"] = true.into();
    release["status"]["conditions"][0]["reason"] = "Completed".into();
    let team = known.objects.get_mut(&shop::team_path("core")).ok_or("no team")?;
    team["spec"]["allow"][0]["actions"] = serde_json::json!(["Hold", "Release", "Rollback"]);
    let mut session = Session::with(known)?;
    let ask = ["rollback", "checkout-2", "--reason", "orders are lost"];
    session.at_terminal(&ask, "n\n")?;
    session.run(&[&ask[..], &["--yes"]].concat())?;
    let writes = session.server.known.lock().expect("no panic").writes.clone();
    assert_eq!(writes, [format!("PATCH {RELEASE} as ana")]);
    let change = |session: &Session, change: &dyn Fn(&mut serde_json::Value)| {
        change(session.server.known.lock().expect("no panic").objects.get_mut(RELEASE).expect("there"));
    };
    session.server.known.lock().expect("no panic").objects.remove("/apis/apps/v1/namespaces/core/replicasets/api-1");
    session.at_terminal(&ask, "n\n")?;
    change(&session, &|release| {
        release["status"]["rollback"] =
            serde_json::json!({"since": "2027-01-12T06:00:00Z", "cause": "ana asked for it"});
    });
    session.run(&ask)?;
    change(&session, &|release| {
        release["status"]["rollback"].take();
        release["spec"]["cancel"] = serde_json::json!({"reason": "no", "held": "Free"});
    });
    session.run(&ask)?;
    session.is_told_in("rollback-ended")
}

#[test]
fn a_cancel_says_what_becomes_of_each_step() -> Done {
    let mut session = Session::with(gone()?)?;
    session.run(&["cancel", "checkout-2", "--reason", "not this week"])?;
    assert_eq!(session.server.known.lock().expect("no panic").writes, [""; 0], "nobody was asked");
    session.at_terminal(&["cancel", "checkout-2", "--reason", "not this week"], "n\n")?;
    session.run(&["cancel", "checkout-2", "--reason", "not this week", "--held", "keep", "--yes"])?;
    let cancel = session.server.known.lock().expect("no panic").objects[RELEASE]["spec"]["cancel"].clone();
    assert_eq!(cancel, serde_json::json!({"reason": "not this week", "held": "Keep"}));
    session.run(&["why", "checkout-2"])?;
    session.run(&["status", "checkout-2"])?;
    session.is_told_in("cancel")
}

#[test]
fn a_task_is_said_to_be_done_only_when_it_is_due_and_for_what_would_ship() -> Done {
    let mut known = shop::shop()?;
    let release = known.objects.get_mut(RELEASE).ok_or(RELEASE)?;
    let who = release["spec"]["steps"][0]["participant"].clone();
    release["spec"]["steps"] = serde_json::json!([
        {"name": "call", "participant": who, "task": "call the bank"},
        {"name": "tell", "participant": who, "task": "tell the press", "dependsOn": ["call"]}]);
    let mut session = Session::with(known)?;
    let digest = session.run(&["why", "checkout-2", "-o", "jsonpath={.digest}"])?.trim().to_owned();
    let revision = &digest["sha256:".len()..][..12];
    session.run(&["why", "checkout-2"])?;
    session.run(&["done", "call", "-r", "checkout-2"])?;
    session.run(&["done", "cal", "-r", "checkout-2", "--revision", revision])?;
    session.run(&["done", "tell", "-r", "checkout-2", "--revision", revision])?;
    session.run(&["done", "call", "-r", "checkout-2", "--revision", "0000000"])?;
    assert_eq!(session.server.known.lock().expect("no panic").writes, [""; 0], "nothing was written");
    session.run(&[
        "done",
        "call",
        "-r",
        "checkout-2",
        "--revision",
        revision,
        "--note",
        "they know",
        "--as",
        "dana",
    ])?;
    session.run(&["done", "call", "-r", "checkout-2", "--revision", revision])?;
    session.is_told_in("done")?;
    // What dana did for releases that are gone goes once the list is half full.
    let path = {
        let mut known = session.server.known.lock().expect("no panic");
        let done = |(path, object): (&String, &serde_json::Value)| {
            object["spec"]["tasksDone"][0]["by"].as_str().map(|_| path.clone())
        };
        let path = known.objects.iter().find_map(done).expect("somebody did it");
        let old = |n: usize| serde_json::json!({"release": format!("releases/gone-{n}"), "step": "call", "digest": digest, "by": "dana"});
        known.objects.get_mut(&path).expect("a team")["spec"]["tasksDone"] =
            (0..32).map(old).collect::<Vec<_>>().into();
        path
    };
    let said = session.run(&["done", "call", "-r", "checkout-2", "--revision", revision, "--as", "dana"])?;
    assert!(said.contains("note: 32 earlier words of yours went from TeamReadiness"), "{said}");
    let known = session.server.known.lock().expect("no panic");
    assert_eq!(known.objects[&path]["spec"]["tasksDone"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn a_stop_of_everything_is_seen_by_why_and_by_doctor() -> Done {
    let mut known = shop::shop()?;
    shop::put(
        &mut known,
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "rollcall-stop", "namespace": "rollcall-system"}, "data": {"reason": "power is out"}}),
    );
    known.forbidden.push(("bob".to_owned(), "/api/v1/namespaces/rollcall-system/configmaps".to_owned()));
    let mut session = Session::with(known)?;
    let said = session.run(&["why", "checkout-2"])?;
    assert!(said.contains("RC002") && said.contains("everything is stopped: power is out"), "{said}");
    assert!(said.contains("kubectl delete configmap rollcall-stop -n rollcall-system"), "{said}");
    let said = session.run(&["doctor"])?;
    assert!(said.contains("everything is stopped by ConfigMap rollcall-system/rollcall-stop: power is out"), "{said}");
    let said = session.run(&["why", "checkout-2", "--as", "bob"])?;
    assert!(!said.contains("RC002") && said.contains("ConfigMap rollcall-system/rollcall-stop"), "{said}");
    // Once the operator has reported it, nobody needs the right to see it.
    session.server.known.lock().expect("no panic").objects.get_mut(RELEASE).expect("there")["status"]["blockers"][0] = serde_json::json!({"code": "RC002", "owner": "the platform team", "message": "everything is stopped: power is out",
            "remedy": "wait"});
    let said = session.run(&["why", "checkout-2", "--as", "bob"])?;
    assert!(said.contains("RC002") && said.contains("everything is stopped: power is out"), "{said}");
    Ok(())
}

#[test]
fn quiet_says_it_by_the_exit_code_and_verbose_shows_each_request() -> Done {
    let mut session = session()?;
    assert_eq!(session.run(&["why", "checkout-2", "-q"])?, "");
    let out = session.command("rollcall", &["why", "checkout-2", "-q"])?.output()?;
    assert_eq!(out.status.code(), Some(1), "it is blocked");
    let out = session.command("rollcall", &["why", "checkout-2", "-v"])?.output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains(&format!("GET {RELEASE}")) && said.contains(": 200"), "{said}");
    assert!(!String::from_utf8_lossy(&out.stdout).contains("GET "), "the answer is only the answer");
    Ok(())
}
