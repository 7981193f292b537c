//! Every verb that asks a cluster, as transcripts: with and without a terminal, and when it goes wrong.

use super::session::Session;
use super::shop::{self, RELEASE};
use crate::support::Done;

fn session() -> Done<Session> {
    Session::with(shop::shop()?)
}

/// The digest in the fixture is the one that the rules compute of it: `UPDATE_GOLDEN=1` writes it again.
#[test]
fn the_fixture_holds_what_it_says() -> Done {
    let mut session = session()?;
    let said = session.run(&["why", "checkout-2", "-o", "jsonpath={.digest}"])?;
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cli/shop-digest.txt");
        std::fs::write(path, format!("{}\n", said.trim()))?;
        return Ok(());
    }
    assert_eq!(said.trim(), *shop::DIGEST);
    Ok(())
}

#[test]
fn why_tells_all_that_blocks_what_does_not_and_what_must_change() -> Done {
    let mut session = session()?;
    session.run(&["why", "checkout-2"])?;
    session.run(&["why", "checkout-2", "--at", "2027-01-12T10:00"])?;
    session.run(&["why", "releases/checkout-2", "--team", "ui", "--utc"])?;
    session.run(&["why", "checkout-2", "--step", "api"])?;
    session.run(&["why", "checkout-2", "-o", "jsonpath={.blockers[*].code}{\"\\n\"}"])?;
    session.run(&["why", "checkout-2", "-o", "name"])?;
    session.run(&["why", "checkout-2", "--step", "apo"])?;
    session.run(&["why", "chekcout-2"])?;
    session.run(&["why", "checkout-2", "--at", "noon"])?;
    session.is_told_in("why")
}

/// Half of what a decision is made on makes another decision: who sees only the release is told what was reported.
#[test]
fn who_sees_only_the_release_is_told_what_the_operator_reported() -> Done {
    let mut known = shop::shop()?;
    for namespace in ["data", "core", "ui", "rollcall-system"] {
        for root in ["/api/v1", "/apis/apps/v1", "/apis/batch/v1", "/apis/rollcall.dev/v1alpha1"] {
            known.forbidden.push(("lena".to_owned(), format!("{root}/namespaces/{namespace}")));
        }
    }
    for kind in ["deploymentwindows", "coordinatedreleases", "teamreadinesses"] {
        known.forbidden.push(("lena".to_owned(), format!("/apis/rollcall.dev/v1alpha1/{kind}")));
    }
    known.forbidden.push(("lena".to_owned(), "/apis/admissionregistration.k8s.io".to_owned()));
    let mut session = Session::with(known)?;
    for verb in [&["why", "checkout-2"][..], &["status", "checkout-2"], &["tree", "checkout-2"]] {
        session.run(&[verb, &["--as", "lena"]].concat())?;
    }
    // Of another instant nobody has reported: what is not seen is not said to be absent.
    let said = session.run(&["why", "checkout-2", "--as", "lena", "--at", "2027-01-12T10:00"])?;
    assert!(!said.contains("does not exist"), "{said}");
    session.is_told_in("partly-seen")
}

#[test]
fn why_for_programs_keeps_its_form() -> Done {
    let mut session = session()?;
    session.run(&["why", "checkout-2", "-o", "json"])?;
    session.run(&["why", "checkout-2", "--step", "web", "-o", "yaml"])?;
    session.is_told_in("why-programs")
}

#[test]
fn why_at_a_terminal_is_coloured_and_fits() -> Done {
    let mut session = session()?;
    session.at_terminal(&["why", "checkout-2"], "")?;
    session.at_terminal(&["why", "checkout-2", "--color", "never", "--ascii"], "")?;
    session.is_told_in("why-terminal")
}

#[test]
fn status_shows_the_board_and_one_release() -> Done {
    let mut session = session()?;
    session.run(&["status"])?;
    session.run(&["status", "-A", "-o", "wide"])?;
    session.run(&["status", "-n", "core"])?;
    session.run(&["status", "checkout-2"])?;
    session.run(&["status", "checkout-2", "-o", "json"])?;
    session.run(&["status", "-o", "name"])?;
    session.run(&["status", "-w", "-o", "json"])?;
    session.is_told_in("status")
}

#[test]
fn tree_shows_waves_steps_and_owners() -> Done {
    let mut session = session()?;
    session.run(&["tree", "checkout-2"])?;
    session.run(&["tree", "checkout-2", "--compact", "-o", "wide", "--ascii"])?;
    session.run(&["tree", "checkout-2", "-o", "yaml"])?;
    session.is_told_in("tree")
}

#[test]
fn trace_owed_and_events() -> Done {
    let mut session = session()?;
    session.run(&["trace", "deploy/api", "-n", "core"])?;
    session.run(&["trace", "Deployment", "core/api", "-o", "json"])?;
    session.run(&["trace", "deploy/apii", "-n", "core"])?;
    session.run(&["trace", "service/api"])?;
    session.run(&["owed", "-A"])?;
    session.run(&["owed", "--team", "ui"])?;
    session.run(&["owed", "--team", "data", "-o", "json"])?;
    session.run(&["events", "checkout-2"])?;
    session.is_told_in("trace-owed-events")
}

#[test]
fn a_word_is_given_only_for_what_was_seen_and_as_the_person() -> Done {
    let mut session = session()?;
    session.run(&["ready", "core", "-r", "checkout-2"])?;
    session.run(&["ready", "core", "-r", "checkout-2", "--revision", "0000000"])?;
    session.run(&["ready", "core", "-r", "checkout-2", "--revision", "abc"])?;
    assert_eq!(session.server.known.lock().expect("no panic").writes, [""; 0], "nothing was written");
    let revision = &shop::DIGEST["sha256:".len()..][..12];
    session.run(&[
        "ready",
        "core",
        "-r",
        "checkout-2",
        "--revision",
        revision,
        "--as",
        "cora",
        "--note",
        "budget is fine",
    ])?;
    session.run(&[
        "notready",
        "ui",
        "-r",
        "checkout-2",
        "--revision",
        revision,
        "--note",
        "checkout is broken",
        "-o",
        "yaml",
    ])?;
    session.run(&["ready", "core", "-r", "checkout-2", "--revision", revision, "--role", "leed"])?;
    session.is_told_in("ready")?;
    let known = session.server.known.lock().expect("no panic");
    let team = shop::team_path("core");
    assert_eq!(known.writes[0], format!("PATCH {team} as cora"));
    assert_eq!(known.objects[&team]["spec"]["signOffs"][0]["digest"], *shop::DIGEST);
    assert_eq!(known.objects[&team]["spec"]["signOffs"][0]["by"], "cora");
    Ok(())
}

#[test]
fn a_word_that_is_said_again_differs_from_the_old_one_and_another_word_is_a_first_one() -> Done {
    let mut session = session()?;
    let renewals = ["ready", "ready", "ready", "notready"].map(|verb| {
        let mut args = vec![verb, "core", "-r", "checkout-2", "--revision", &shop::DIGEST, "--as", "cora"];
        args.extend((verb == "notready").then_some("--note=the load test failed"));
        let said = session.run(&args)?;
        let known = session.server.known.lock().expect("no panic");
        let words = known.objects[&shop::team_path("core")]["spec"]["signOffs"].clone();
        assert_eq!(words.as_array().map(Vec::len), Some(1), "{said}");
        Ok(words[0]["renewal"].clone())
    });
    let renewals = renewals.into_iter().collect::<Done<Vec<_>>>()?;
    assert_eq!(serde_json::Value::from(renewals), serde_json::json!([null, 1, 2, null]));
    Ok(())
}

#[test]
fn at_a_terminal_a_person_is_asked_before_anything_is_signed() -> Done {
    let mut session = session()?;
    session.at_terminal(&["ready", "core", "-r", "checkout-2"], "n\n")?;
    assert_eq!(session.server.known.lock().expect("no panic").writes, [""; 0], "n is no");
    session.at_terminal(&["ready", "core", "-r", "checkout-2"], "y\n")?;
    assert_eq!(session.server.known.lock().expect("no panic").writes.len(), 1);
    session.is_told_in("ready-terminal")
}

#[test]
fn who_may_not_see_the_release_can_still_sign_what_the_team_is_asked() -> Done {
    let mut known = shop::shop()?;
    for path in ["/apis/rollcall.dev/v1alpha1/namespaces/releases", "/apis/apps/v1/namespaces/ui"] {
        known.forbidden.push(("cora".to_owned(), path.to_owned()));
    }
    let mut session = Session::with(known)?;
    let revision = &shop::DIGEST["sha256:".len()..][..12];
    session.run(&["ready", "core/core", "-r", "releases/checkout-2", "--revision", revision, "--as", "cora"])?;
    session.is_told_in("ready-blind")
}

#[test]
fn a_release_is_held_and_resumed() -> Done {
    let mut session = session()?;
    session.run(&["hold", "checkout-2"])?;
    session.run(&["why", "checkout-2"])?;
    session.run(&["resume", "checkout-2"])?;
    session.server.known.lock().expect("no panic").objects.get_mut(RELEASE).expect("there")["status"]["finished"] =
        true.into();
    session.run(&["hold", "checkout-2"])?;
    session.is_told_in("hold")
}

#[test]
fn an_override_says_what_it_skips_and_what_still_holds() -> Done {
    let mut session = session()?;
    let past = [
        "override",
        "checkout-2",
        "--skip",
        "SignOff,Window",
        "--reason",
        "outage",
        "--ticket",
        "INC-7",
        "--for",
        "2h",
    ];
    session.run(&past)?;
    assert_eq!(session.server.known.lock().expect("no panic").writes, [""; 0], "nobody was asked");
    session.run(&[&past[..], &["--yes"]].concat())?;
    session.at_terminal(
        &[&past[..4], &["--reason", "r", "--ticket", "t", "--until", "2027-01-12T09:30"]].concat(),
        "n\n",
    )?;
    session.run(&[
        "override",
        "checkout-2",
        "--skip",
        "Everything",
        "--reason",
        "r",
        "--ticket",
        "t",
        "--for",
        "2h",
    ])?;
    session.run(&[
        "override",
        "checkout-2",
        "--skip",
        "Freeze",
        "--reason",
        "r",
        "--ticket",
        "t",
        "--until",
        "2026-01-12T09:30",
    ])?;
    session.is_told_in("override")
}

#[test]
fn what_goes_wrong_has_a_help_of_its_own() -> Done {
    let mut known = shop::shop()?;
    known.forbidden.push(("bob".to_owned(), "/apis/rollcall.dev".to_owned()));
    let mut session = Session::with(known)?;
    session.run(&["why", "checkout-2", "--as", "bob"])?;
    session.run(&["status", "checkout-3"])?;
    session.run(&["status", "checkout-2", "-n", "core"])?;
    session.run(&["why", "checkout-2", "--context", "prod"])?;
    session.run(&["why", "checkout-2", "--kubeconfig", "no/such/file"])?;
    session.server.known.lock().expect("no panic").not_installed.push("coordinatedreleases".to_owned());
    session.run(&["status"])?;
    session.run(&["why", "checkout-2"])?;
    session.server.known.lock().expect("no panic").down = true;
    session.run(&["status"])?;
    session.is_told_in("wrong")
}

#[test]
fn a_cluster_that_is_not_there_is_named() -> Done {
    let mut session = session()?;
    let config = session.server.kubeconfig().replace(&session.server.address.to_string(), "127.0.0.1:1");
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("nowhere.yaml");
    std::fs::write(&path, config)?;
    let path = path.display().to_string();
    let said = session.run(&["status", "--kubeconfig", &path])?;
    assert!(
        said.starts_with("error: http://127.0.0.1:1: no answer\n") && said.contains("kubectl cluster-info"),
        "{said}"
    );
    Ok(())
}

#[test]
fn codes_are_explained() -> Done {
    let mut session = session()?;
    session.run(&["explain", "RC051"])?;
    session.run(&["explain", "33", "-o", "json"])?;
    session.run(&["explain", "RC999"])?;
    session.is_told_in("explain")
}

#[test]
fn doctor_finds_what_is_wrong_and_says_what_to_do() -> Done {
    let mut known = shop::shop()?;
    for (_, crd) in rollcall::api::crds::crds() {
        shop::put(&mut known, crd);
    }
    for object in shop::yaml(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: rollcall, namespace: rollcall-system},
          spec: {replicas: 2, template: {spec: {containers: [{image: 'registry.example/rollcall:0.1.0'}]}}}, status: {availableReplicas: 2}}
---
{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: rollcall, namespace: rollcall-system},
          spec: {holderIdentity: pod-1, leaseDurationSeconds: 15, renewTime: '2027-01-12T06:59:57.000000Z'}}",
    )? {
        shop::put(&mut known, object);
    }
    known.not_installed.push("kustomizations".to_owned());
    let mut session = Session::with(known)?;
    session.run(&["doctor"])?;
    {
        let mut known = session.server.known.lock().expect("no panic");
        let binding =
            known.objects.keys().find(|k| k.contains("mutatingadmissionpolicybindings")).cloned().expect("one");
        known.objects.remove(&binding);
        known.objects.retain(|path, _| !path.contains("/mutatingadmissionpolicies/"));
        known.objects.retain(|path, _| !path.ends_with("teamreadinesses.rollcall.dev"));
        let lease = known.objects.keys().find(|k| k.contains("/leases/")).cloned().expect("one");
        known.objects.get_mut(&lease).expect("one")["spec"]["renewTime"] = "2027-01-12T06:50:00.000000Z".into();
        known.forbidden.push(("eve".to_owned(), "/apis/admissionregistration.k8s.io".to_owned()));
        known.forbidden.push(("eve".to_owned(), "/apis/apps".to_owned()));
    }
    session.run(&["doctor"])?;
    let guards = |path: &String| path.contains("/validatingadmissionpolicies/guard-");
    session.server.known.lock().expect("no panic").objects.retain(|path, _| !guards(path));
    session.run(&["doctor", "--as", "eve"])?;
    session.is_told_in("doctor")
}
