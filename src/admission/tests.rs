use serde_json::{Value, json};

use super::*;
use crate::api::names::HOLD;
use crate::manifests::Install;

fn nobody(_: Question) -> bool {
    false
}

fn deployment(image: &str) -> Value {
    json!({"metadata": {"name": "api", "labels": {"rollcall.dev/gate": "core"}},
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"image": image}]}}}})
}

fn request(object: Value, old: Value) -> Request {
    Request { user: "dev".into(), groups: vec!["g".into()], namespace: "core".into(), object, old }
}

fn stored(rule_name: &str, object: Value, old: Value) -> Value {
    rule(rule_name).expect("a rule").apply(&request(object, old), &nobody)
}

fn held(image: &str) -> Value {
    stored("hold-deployment", deployment(image), Value::Null)
}

#[test]
fn every_policy_that_writes_has_its_twin_and_no_rule_is_without_one() {
    let mut policies: Vec<String> = crate::manifests::policies::policies(&Install::default())
        .iter()
        .filter(|object| object["kind"] == "MutatingAdmissionPolicy")
        .filter_map(|policy| policy["metadata"]["name"].as_str()?.strip_suffix(".rollcall.dev").map(str::to_owned))
        // The pod gate is for those who opt in, and there is none where the webhook stands in for the policies.
        .filter(|name| name != "gate-pod")
        .collect();
    let mut rules: Vec<String> = RULES.iter().map(|rule| rule.name()).collect();
    policies.sort();
    rules.sort();
    assert_eq!(rules, policies);
}

#[test]
fn what_only_the_operator_writes_is_the_same_on_both_sides() {
    for policy in crate::manifests::policies::policies(&Install::default()) {
        let name = policy["metadata"]["name"].as_str().unwrap_or_default();
        if policy["kind"] != "MutatingAdmissionPolicy" || !name.starts_with("hold-") {
            continue;
        }
        let text = policy["spec"]["mutations"].to_string();
        let restored = |key: &str| text.contains(&format!("variables.ann[?'{key}'] == variables.oldAnn[?'{key}']"));
        assert!(held::OWNED.iter().all(|key| restored(key)), "{name}");
        assert_eq!(text.matches("] == variables.oldAnn[?").count(), held::OWNED.len(), "{name}");
    }
}

fn stateful(strategy: Value, image: &str) -> Value {
    json!({"metadata": {"name": "db"}, "spec": {"updateStrategy": strategy, "template": {"spec": {"image": image}}}})
}

#[test]
fn a_stateful_set_gets_back_exactly_the_partition_that_it_had() {
    let rolling = |partition: i64| json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}});
    let new = |strategy: &Value, image: &str| stateful(strategy.clone(), image);
    assert_eq!(stored("hold-statefulset", new(&rolling(2), "1"), Value::Null), new(&rolling(2), "1"), "not held");
    for (theirs, note) in
        [(rolling(2), "2"), (json!({"type": "OnDelete"}), "OnDelete"), (rolling(2_147_483_647), "2147483647")]
    {
        let held = stored("hold-statefulset", new(&theirs, "2"), new(&theirs, "1"));
        assert_eq!(held["spec"]["updateStrategy"], rolling(2_147_483_647));
        assert_eq!(annotation(&held, "rollcall.dev/hold-restore"), note);
        let again = stored("hold-statefulset", held.clone(), held.clone());
        assert_eq!(again, held, "what is remembered stays");
        let mut broken = held.clone();
        broken["metadata"]["annotations"]["rollcall.dev/break-glass"] = json!("INC-1");
        let rule = rule("hold-statefulset").expect("a rule");
        let out = rule.apply(&request(broken, held), &|_| true);
        assert_eq!((&out["spec"]["updateStrategy"], annotation(&out, "rollcall.dev/hold-restore")), (&theirs, ""));
    }
}

#[test]
fn a_daemon_set_and_a_cron_job_are_held_by_their_own_fields() {
    let daemon = |kind: &str, image: &str| json!({"metadata": {}, "spec": {"updateStrategy": {"type": kind, "rollingUpdate": {"maxUnavailable": 1}}, "template": {"spec": {"image": image}}}});
    let held = stored("hold-daemonset", daemon("RollingUpdate", "2"), daemon("RollingUpdate", "1"));
    assert_eq!(held["spec"]["updateStrategy"], json!({"type": "OnDelete", "rollingUpdate": {"maxUnavailable": 1}}));
    let cron = |image: &str| json!({"metadata": {}, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"image": image}}}});
    assert_eq!(stored("hold-cronjob", cron("1"), Value::Null)["spec"]["suspend"], json!(true));
    let mut later = cron("1");
    later["spec"]["schedule"] = json!("0 * * * *");
    assert_eq!(stored("hold-cronjob", later.clone(), cron("1")), later, "when it runs is no content");
}

#[test]
fn a_new_template_is_held_and_the_hold_is_sticky() {
    let first = held("a:1");
    assert_eq!((&first["spec"]["paused"], annotation(&first, HOLD)), (&json!(true), "policy"));
    let resumed = stored("hold-deployment", deployment("a:1"), first.clone());
    assert_eq!(resumed, first, "taking the field and the mark away changes nothing");
}

#[test]
fn what_changes_no_template_passes_untouched() {
    let mut scaled = deployment("a:1");
    scaled["spec"]["replicas"] = json!(9);
    scaled["spec"]["template"]["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/restartedAt": "now"});
    assert_eq!(stored("hold-deployment", scaled.clone(), deployment("a:1")), scaled);
    let mut paused = scaled.clone();
    paused["spec"]["paused"] = json!(true);
    assert_eq!(stored("hold-deployment", paused.clone(), scaled), paused);
}

#[test]
fn what_its_author_had_paused_is_remembered_and_stays_paused() {
    let mut own = deployment("a:2");
    own["spec"]["paused"] = json!(true);
    let object = stored("hold-deployment", own, deployment("a:1"));
    assert_eq!(annotation(&object, HOLD), "author");
    let mut broken = deployment("a:2");
    broken["metadata"]["annotations"] = json!({"rollcall.dev/break-glass": "INC-1"});
    broken["spec"]["paused"] = json!(true);
    let request = request(broken, object);
    let rule = rule("hold-deployment").expect("a rule");
    assert_eq!(rule.asks(&request), [held::OVERRIDE]);
    let out = rule.apply(&request, &|question| question == held::OVERRIDE);
    assert_eq!((annotation(&out, HOLD), &out["spec"]["paused"]), ("", &json!(true)));
}

#[test]
fn the_glass_is_broken_once_and_only_with_the_verb() {
    let mut object = held("a:1");
    object["metadata"]["annotations"]["rollcall.dev/break-glass"] = json!("INC-1");
    let ask = request(object.clone(), held("a:1"));
    let rule = rule("hold-deployment").expect("a rule");
    let out = rule.apply(&ask, &|_| true);
    assert_eq!((annotation(&out, HOLD), out["spec"].get("paused")), ("", None));
    assert_eq!(rule.apply(&ask, &nobody), object, "without the verb it has no effect");
    let again = request(object.clone(), object);
    assert_eq!(rule.asks(&again), [], "the same ticket is not even asked about");
    assert_eq!(annotation(&rule.apply(&again, &|_| true), HOLD), "policy");
}

#[test]
fn what_goes_by_the_glass_carries_no_note_of_what_was_let_go_before() {
    let notes = json!({"rollcall.dev/released": "releases/r step a digest d", "rollcall.dev/runs": "d"});
    let with = |mut object: Value, more: &Value| {
        json_patch::merge(&mut object["metadata"]["annotations"], more);
        object
    };
    let job = |image: &str| json!({"metadata": {"name": "j"}, "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"image": image}}}});
    let glass = json!({"rollcall.dev/break-glass": "INC-1"});
    for (kind, object) in [("hold-deployment", deployment as fn(&str) -> Value), ("hold-cronjob", job)] {
        let old = with(object("a:1"), &notes);
        let apply = |new: Value, old: &Value, may: bool| {
            rule(kind).expect("a rule").apply(&request(new, old.clone()), &|_| may)["metadata"]["annotations"].clone()
        };
        let fix = with(with(object("a:2"), &notes), &glass);
        assert_eq!(apply(fix.clone(), &old, true), glass, "{kind}: a fix");
        let forged = with(fix.clone(), &json!({"rollcall.dev/released": "forged"}));
        assert_eq!(apply(forged, &old, true), glass, "{kind}: nor does its author write one");
        let held = with(with(object("a:2"), &notes), &json!({"rollcall.dev/hold": "policy"}));
        assert_eq!(apply(with(held.clone(), &glass), &held, true), glass, "{kind}: a hold that is lifted");
        let mut kept = apply(fix, &old, false);
        assert_eq!(kept["rollcall.dev/hold"], "policy", "{kind}: without the verb it is held");
        json_patch::merge(&mut kept, &json!({"rollcall.dev/hold": null, "rollcall.dev/break-glass": null}));
        assert_eq!(kept, notes, "{kind}: and the notes stay");
        let idle = apply(with(old.clone(), &glass), &old, true);
        assert_eq!(idle["rollcall.dev/released"], notes["rollcall.dev/released"], "{kind}: nothing goes by it");
        let bare = apply(with(object("a:1"), &glass), &old, true);
        assert_eq!(bare["rollcall.dev/runs"], "d", "{kind}: and nobody takes them away");
    }
}

#[test]
fn a_rollback_pins_the_template_and_only_the_operator_marks_it() {
    let mut frozen = deployment("a:1");
    frozen["metadata"]["annotations"] = json!({"rollcall.dev/rollback": "releases/r1"});
    assert_eq!(stored("hold-deployment", deployment("a:2"), frozen.clone()), frozen);
    let mut forged = deployment("a:1");
    forged["metadata"]["annotations"] = json!({"rollcall.dev/released": "me"});
    let out = stored("hold-deployment", forged, deployment("a:1"));
    assert_eq!(out["metadata"]["annotations"], json!({}));
}

#[test]
fn a_hold_whose_cause_another_webhook_undid_is_undone_unless_the_author_had_paused() {
    let mut second = deployment("a:1");
    second["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"});
    second["spec"]["paused"] = json!(true);
    let out = stored("hold-deployment", second.clone(), deployment("a:1"));
    assert_eq!((out["spec"].get("paused"), annotation(&out, HOLD)), (None, ""));
    let mut paused = deployment("a:1");
    paused["spec"]["paused"] = json!(true);
    assert_eq!(stored("hold-deployment", second, paused)["spec"]["paused"], json!(true));
}

#[test]
fn a_job_is_held_at_its_creation_unless_a_controller_made_it_or_kueue_has_it() {
    let job = json!({"metadata": {}, "spec": {"template": {}}});
    assert_eq!(stored("hold-job", job.clone(), Value::Null)["spec"]["suspend"], json!(true));
    assert_eq!(stored("hold-job", job.clone(), job.clone()), job, "later it runs already");
    let mut queued = job.clone();
    queued["metadata"]["labels"] = json!({"kueue.x-k8s.io/queue-name": "q"});
    assert_eq!(stored("hold-job", queued.clone(), Value::Null), queued);
    let mut owned = job;
    owned["metadata"]["ownerReferences"] = json!([{"controller": true}]);
    let ask = request(owned.clone(), Value::Null);
    let rule = rule("hold-job").expect("a rule");
    assert_eq!(rule.asks(&ask).len(), 2);
    assert_eq!(rule.apply(&ask, &|question| question.resource == "jobs"), owned);
    assert_eq!(rule.apply(&ask, &nobody)["spec"]["suspend"], json!(true), "a made-up owner helps nobody");
}

#[test]
fn the_author_is_who_changed_the_content_and_nobody_else() {
    let old = json!({"metadata": {"annotations": {"rollcall.dev/author": "lena", "rollcall.dev/author-groups": "leads"}},
        "spec": {"priority": 1, "steps": [{"name": "a", "wait": "1m"}]}});
    let mut stop = old.clone();
    stop["spec"]["paused"] = json!(true);
    stop["metadata"]["annotations"]["rollcall.dev/author"] = json!("forged");
    let out = stored("stamp-coordinatedrelease", stop, old.clone());
    assert_eq!(annotation(&out, "rollcall.dev/author"), "lena");
    assert_eq!(annotation(&out, "rollcall.dev/author-groups"), "leads");
    for (path, value) in [
        ("/spec/resumedAt", json!("2027-01-12T08:00:00Z")),
        ("/spec/priority", json!(2)),
        ("/spec/windows", json!([])),
        ("/spec/steps/0/estimate", json!("5m")),
        ("/spec/steps/0/dependsOn", json!([])),
    ] {
        let mut other = old.clone();
        json_patch::patch(
            &mut other,
            &serde_json::from_value::<json_patch::Patch>(json!([{"op": "add", "path": path, "value": value}]))
                .expect("a patch"),
        )
        .expect("it applies");
        let out = stored("stamp-coordinatedrelease", other, old.clone());
        assert_eq!(annotation(&out, "rollcall.dev/author"), "lena", "{path} is not signed, or says nothing new");
    }
    let mut other = old.clone();
    other["spec"]["steps"][0]["wait"] = json!("2m");
    let out = stored("stamp-coordinatedrelease", other, old);
    assert_eq!((annotation(&out, "rollcall.dev/author"), annotation(&out, "rollcall.dev/author-groups")), ("dev", "g"));
}

#[test]
fn whoever_asks_for_a_rollback_is_stamped_and_cannot_name_another() {
    let ask = |by: Value| {
        json!({"metadata": {"annotations": {"rollcall.dev/author": "dev", "rollcall.dev/author-groups": "g",
        "rollcall.dev/rollback-requested": "1", "rollcall.dev/rollback-requested-by": by}}, "spec": {}})
    };
    let out = stored("stamp-coordinatedrelease", ask(json!("forged")), json!({"metadata": {}, "spec": {}}));
    assert_eq!(annotation(&out, "rollcall.dev/rollback-requested-by"), "dev");
    assert_eq!(out["metadata"]["labels"]["rollcall.dev/rollback-requested"], "true");
    let again = stored("stamp-coordinatedrelease", ask(json!("forged")), ask(json!("anna")));
    assert_eq!(annotation(&again, "rollcall.dev/rollback-requested-by"), "anna");
    let none = json!({"metadata": {"labels": {"rollcall.dev/rollback-requested": "true"}}, "spec": {}});
    assert_eq!(stored("stamp-coordinatedrelease", none, Value::Null)["metadata"]["labels"], json!({}));
}

#[test]
fn a_task_that_is_done_is_stamped_with_whoever_said_so() {
    let team = |entries: Value| json!({"metadata": {}, "spec": {"tasksDone": entries}});
    let old = team(json!([{"step": "call", "release": "r/1", "by": "anna"}]));
    let new = team(json!([{"step": "call", "release": "r/1", "by": "forged"}, {"step": "call", "release": "r/2"}]));
    let out = stored("stamp-task", new, old);
    assert_eq!(out["spec"]["tasksDone"][0]["by"], "anna");
    assert_eq!(out["spec"]["tasksDone"][1]["by"], "dev");
}

#[test]
fn an_override_is_stamped_with_whoever_wrote_it() {
    let release = |value: Value| json!({"metadata": {"annotations": {"rollcall.dev/author": "dev"}}, "spec": {"override": value}});
    let by = |new: Value, old: Value| stored("stamp-coordinatedrelease", new, old)["spec"]["override"]["by"].clone();
    assert_eq!(by(release(json!({"reason": "x", "by": "forged"})), release(Value::Null)), "dev");
    let old = release(json!({"reason": "x", "by": "anna"}));
    assert_eq!(by(release(json!({"reason": "x"})), old.clone()), "anna");
    assert_eq!(by(release(json!({"reason": "y", "by": "anna"})), old), "dev");
    let unstamped = release(json!({"reason": "x"}));
    assert_eq!(by(release(json!({"reason": "x", "by": "me"})), unstamped), Value::Null);
}

#[test]
fn a_sign_off_keeps_its_signer_while_it_says_the_same() {
    let team = |entries: Value| json!({"metadata": {}, "spec": {"signOffs": entries}});
    let old = team(json!([{"role": "lead", "release": "r/1", "digest": "a", "by": "anna"}]));
    let new = team(json!([
        {"role": "lead", "release": "r/1", "digest": "a", "by": "forged", "seat": 1},
        {"role": "lead", "release": "r/2", "digest": "a"},
        {"role": "lead", "release": "r/1", "digest": "a", "seat": 2}]));
    let out = stored("stamp-signoff", new, old.clone());
    let by: Vec<&Value> = entries(&out).map(|e| &e["by"]).collect();
    assert_eq!(by, ["anna", "dev", "dev"]);
    let changed = stored("stamp-signoff", team(json!([{"role": "lead", "release": "r/1", "digest": "b"}])), old);
    assert_eq!(entries(&changed).next().map(|e| &e["by"]), Some(&json!("dev")));
    let malformed = team(json!(["x"]));
    assert_eq!(stored("stamp-signoff", malformed.clone(), Value::Null), malformed);
}

fn entries(team: &Value) -> impl Iterator<Item = &Value> {
    team["spec"]["signOffs"].as_array().into_iter().flatten()
}

#[test]
fn nothing_that_a_request_can_contain_makes_a_rule_panic() {
    let shapes = [
        json!(null),
        json!([]),
        json!({}),
        json!("x"),
        json!(1),
        json!({"metadata": [], "spec": "x"}),
        json!({"metadata": {"annotations": "x", "labels": 1}, "spec": {"template": [], "signOffs": {}, "override": 3}}),
    ];
    for object in &shapes {
        for old in &shapes {
            for rule in RULES {
                let request = request(object.clone(), old.clone());
                rule.asks(&request);
                rule.apply(&request, &nobody);
                rule.apply(&request, &|_| true);
            }
        }
    }
}
