use serde_json::json;

use super::*;
use crate::cluster::workloads::decode;

fn read(kind: WorkloadKind, object: &Value) -> Object {
    Object::read(adapter_of(kind), &object.to_string()).expect("reads")
}

fn former(kind: WorkloadKind, object: &Value, keepers: &[Value]) -> Option<Former> {
    let adapter = adapter_of(kind);
    let revisions: Vec<Revision> = keepers.iter().filter_map(|k| adapter.revision(k)).collect();
    adapter.former(&read(kind, object), &revisions).map(Revision::former)
}

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "main", "image": image}]}})
}

fn owned(name: &str) -> Value {
    json!({"metadata": {"name": name, "ownerReferences": [{"kind": "X", "name": "api", "uid": "u", "controller": true}]}})
}

fn workload(image: &str) -> Value {
    json!({"metadata": {"namespace": "core", "name": "api", "uid": "u", "resourceVersion": "7", "labels": {"rollcall.dev/gate": "core"}},
        "spec": {"template": template(image)}, "status": {}})
}

fn replica_set(name: &str, image: &str, revision: &str, available: i64) -> Value {
    let mut keeper = owned(name);
    keeper["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": revision});
    keeper["spec"] = json!({"replicas": available, "template": template(image)});
    keeper["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = json!("abc");
    keeper["status"] = json!({"availableReplicas": available});
    keeper
}

#[test]
fn the_replica_set_that_serves_is_what_a_held_deployment_runs() {
    let held = workload("api:3");
    let kept = [replica_set("a", "api:1", "1", 5), replica_set("b", "api:2", "2", 3)];
    let found = former(WorkloadKind::Deployment, &held, &kept).expect("one serves");
    assert_eq!((found.name.as_str(), found.owner.as_str()), ("a", "u"), "it was held in the midst of a rollout");
    assert_eq!(found.template, template("api:1"), "without what the controller added");
    let live = decode(WorkloadKind::Deployment, &workload("api:1").to_string()).expect("decodes");
    assert_eq!(found.digest, live.template, "the digest that the workload has after the rollback");
    assert_eq!(former(WorkloadKind::Deployment, &held, &[]), None, "a first installation");
}

#[test]
fn with_no_pods_it_is_the_newest_replica_set_that_is_not_the_held_content() {
    let held = workload("api:1");
    let kept = [replica_set("a", "api:1", "3", 0), replica_set("b", "api:2", "2", 0)];
    let found = former(WorkloadKind::Deployment, &held, &kept).expect("one is left");
    assert_eq!(found.name, "b", "the controller has numbered the stored content already");
}

fn controller_revision_of(name: &str, image: &str, number: i64) -> Value {
    let mut keeper = owned(name);
    let mut template = template(image);
    template["$patch"] = json!("replace");
    template["metadata"]["creationTimestamp"] = Value::Null;
    keeper["data"] = json!({"spec": {"template": template}});
    keeper["revision"] = json!(number);
    keeper
}

#[test]
fn a_stateful_set_goes_back_to_the_revision_that_its_controller_calls_current() {
    let mut held = workload("db:3");
    held["status"]["currentRevision"] = json!("db-1");
    let kept = [1, 2, 3].map(|n| controller_revision_of(&format!("db-{n}"), &format!("db:{n}"), n));
    let found = former(WorkloadKind::StatefulSet, &held, &kept).expect("current");
    assert_eq!(found.name, "db-1");
    let live = decode(WorkloadKind::StatefulSet, &workload("db:1").to_string()).expect("decodes");
    assert_eq!(found.digest, live.template, "neither the patch directive nor an empty time is content");
    held["metadata"]["annotations"] = json!({"rollcall.dev/hold-restore": "OnDelete"});
    let by_hand = former(WorkloadKind::StatefulSet, &held, &kept).expect("newest");
    assert_eq!(by_hand.name, "db-2", "an author who replaces pods by hand leaves the current name behind");
}

#[test]
fn a_daemon_set_goes_back_to_its_newest_revision_but_the_held_one() {
    let kept = [4, 5].map(|n| controller_revision_of(&format!("log-{n}"), &format!("log:{n}"), n));
    let of = |image: &str| former(WorkloadKind::DaemonSet, &workload(image), &kept).map(|f| f.name);
    assert_eq!(of("log:5").as_deref(), Some("log-4"));
    assert_eq!(of("log:6").as_deref(), Some("log-5"), "its controller has not seen the held content yet");
}

/// The digest of what the workload with this image would run.
fn digest(kind: WorkloadKind, image: &str) -> String {
    decode(kind, &workload(image).to_string()).expect("decodes").template
}

#[test]
fn what_was_stored_over_a_hold_and_never_went_is_not_what_ran() {
    let kind = WorkloadKind::DaemonSet;
    let mut kept = [1, 2, 3].map(|n| controller_revision_of(&format!("log-{n}"), &format!("log:{n}"), n));
    for made_held in &mut kept[1..] {
        made_held["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"});
    }
    let of = |ran: Option<&str>| {
        let mut held = workload("log:3");
        if let Some(image) = ran {
            held["metadata"]["annotations"] = json!({"rollcall.dev/runs": digest(kind, image)});
        }
        former(kind, &held, &kept).map(|f| f.name)
    };
    assert_eq!(of(None).as_deref(), Some("log-1"), "the only one that was there before a hold");
    assert_eq!(of(Some("log:2")).as_deref(), Some("log-2"), "it was let go since");
    assert_eq!(of(Some("log:1")).as_deref(), Some("log-1"), "or put back");
    kept[2]["metadata"]["annotations"] = Value::Null;
    let glass = former(kind, &workload("log:4"), &kept).map(|f| f.name);
    assert_eq!(glass.as_deref(), Some("log-3"), "somebody broke the glass for it");
    for keeper in &mut kept {
        keeper["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"});
    }
    let lost = former(kind, &workload("log:3"), &kept).map(|f| f.name);
    assert_eq!(lost.as_deref(), Some("log-2"), "nothing is known of any: the newest other one");
}

#[test]
fn what_a_broken_glass_let_out_of_its_hold_is_what_ran_and_what_was_stored_since_is_not() {
    let noted = |n: i64, notes: Value| {
        let mut revision = controller_revision_of(&format!("log-{n}"), &format!("log:{n}"), n);
        revision["metadata"]["annotations"] = notes;
        revision
    };
    let held = |ticket: &str| json!({"rollcall.dev/hold": "policy", "rollcall.dev/break-glass": ticket});
    let kept = [noted(1, Value::Null), noted(2, held("INC-1")), noted(3, held("INC-2")), noted(4, held("INC-2"))];
    let mut now = workload("log:4");
    now["metadata"]["annotations"] = json!({"rollcall.dev/break-glass": "INC-2"});
    let found = former(WorkloadKind::DaemonSet, &now, &kept).map(|f| f.name);
    assert_eq!(found.as_deref(), Some("log-2"), "INC-2 let it go");
}

#[test]
fn a_stateful_set_without_replicas_goes_back_to_what_ran_though_its_controller_calls_the_held_content_current() {
    let kind = WorkloadKind::StatefulSet;
    let mut kept = [1, 2].map(|n| controller_revision_of(&format!("db-{n}"), &format!("db:{n}"), n));
    kept[1]["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"});
    let mut held = workload("db:2");
    held["status"]["currentRevision"] = json!("db-2");
    held["metadata"]["annotations"] = json!({"rollcall.dev/runs": digest(kind, "db:1")});
    assert_eq!(former(kind, &held, &kept).map(|f| f.name).as_deref(), Some("db-1"));
    held["metadata"]["annotations"] = json!({"rollcall.dev/runs": digest(kind, "db:2")});
    assert_eq!(former(kind, &held, &kept).map(|f| f.name).as_deref(), Some("db-2"), "it was let go");
}

#[test]
fn a_first_version_behind_the_pod_gate_has_nothing_to_go_back_to() {
    for kind in [WorkloadKind::StatefulSet, WorkloadKind::DaemonSet] {
        let mut first = controller_revision_of("x-1", "x:1", 1);
        first["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"});
        let mut held = workload("x:1");
        held["status"]["currentRevision"] = json!("x-1");
        assert_eq!(former(kind, &held, &[first.clone()]), None, "{kind:?}");
        held["metadata"]["annotations"] = json!({"rollcall.dev/runs": digest(kind, "x:1")});
        assert!(former(kind, &held, &[first]).is_some(), "{kind:?}: it was let go and taken back since");
    }
}

#[test]
fn what_is_put_back_is_remembered_where_nothing_else_says_it() {
    let former = Former { name: "a".into(), template: template("api:1"), digest: "d".into(), owner: "u".into() };
    for (kind, remembers) in
        [(WorkloadKind::Deployment, false), (WorkloadKind::StatefulSet, true), (WorkloadKind::DaemonSet, true)]
    {
        for hold in [json!({}), json!({"rollcall.dev/hold": "policy"})] {
            let mut object = workload("api:2");
            object["metadata"]["annotations"] = hold;
            let found = decode(kind, &object.to_string()).expect("decodes");
            let patch = rollback_patch(&found, &former, "m", "sha256:a");
            let runs = json!({"op": "add", "path": "/metadata/annotations/rollcall.dev~1runs", "value": "d"});
            let written = patch.as_array().is_some_and(|all| all.contains(&runs));
            assert_eq!(written, remembers, "{kind:?}: {patch}");
        }
    }
}

fn job(name: &str, image: &str, due: &str) -> Value {
    let mut keeper = owned(name);
    keeper["metadata"]["labels"] = json!({"team": "core"});
    keeper["metadata"]["annotations"] = json!({"batch.kubernetes.io/cronjob-scheduled-timestamp": due});
    let mut template = template(image);
    for label in ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"] {
        template["metadata"]["labels"][label] = json!("x");
    }
    keeper["spec"] =
        json!({"backoffLimit": 2, "suspend": false, "selector": {"matchLabels": {"a": "b"}}, "template": template});
    keeper
}

#[test]
fn a_cron_job_goes_back_to_what_the_newest_job_ran_that_its_controller_made() {
    let mut by_hand = job("by-hand", "r:9", "2027-01-13T00:00:00Z");
    by_hand["metadata"]["annotations"] = json!({"cronjob.kubernetes.io/instantiate": "manual"});
    let kept = [job("n-1", "r:1", "2027-01-11T00:00:00Z"), job("n-2", "r:2", "2027-01-12T00:00:00Z"), by_hand];
    let found = former(WorkloadKind::CronJob, &json!({"metadata": {"name": "n"}}), &kept).expect("it ran");
    assert_eq!(found.name, "n-2");
    assert_eq!(
        found.template,
        json!({"metadata": {"labels": {"team": "core"}}, "spec": {"backoffLimit": 2, "template": template("r:2")}})
    );
}

#[test]
fn a_job_has_nothing_to_go_back_to() {
    assert_eq!(adapter_of(WorkloadKind::Job).revisions(), None);
}

#[test]
fn rolling_back_is_one_write_that_pins_and_lets_go() {
    let mut held = workload("api:2");
    held["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"});
    let held = decode(WorkloadKind::Deployment, &held.to_string()).expect("decodes");
    let former = Former { name: "a".into(), template: template("api:1"), digest: "d".into(), owner: "u".into() };
    assert_eq!(
        rollback_patch(&held, &former, "releases/r1/1", "sha256:a sha256:b"),
        json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
            {"op": "remove", "path": "/metadata/annotations/rollcall.dev~1hold"},
            {"op": "remove", "path": "/spec/paused"},
            {"op": "add", "path": "/spec/template", "value": template("api:1")},
            {"op": "add", "path": "/metadata/annotations/rollcall.dev~1rollback", "value": "releases/r1/1"},
            {"op": "add", "path": "/metadata/annotations/rollcall.dev~1rolled-back", "value": "sha256:a sha256:b"},
        ])
    );
    let bare = decode(WorkloadKind::Deployment, &workload("api:2").to_string()).expect("decodes");
    let patch = rollback_patch(&bare, &former, "m", "sha256:a");
    assert_eq!(patch[1], json!({"op": "add", "path": "/metadata/annotations", "value": {}}), "it makes room");
}

#[test]
fn a_label_selector_becomes_a_query() {
    let given = json!({"matchLabels": {"a": "b"}, "matchExpressions": [
        {"key": "t", "operator": "In", "values": ["x", "y"]}, {"key": "u", "operator": "NotIn", "values": ["z"]},
        {"key": "v", "operator": "Exists"}, {"key": "w", "operator": "DoesNotExist"}]});
    assert_eq!(selector(&given), "a=b,t in (x,y),u notin (z),v,!w");
    assert_eq!(selector(&Value::Null), "", "a CronJob selects nothing");
}

#[test]
fn ending_a_rollback_leaves_what_was_remembered_when_it_began() {
    let pinned = |notes: Value| {
        let mut object = workload("api:1");
        object["metadata"]["annotations"] = notes;
        decode(WorkloadKind::Deployment, &object.to_string()).expect("decodes")
    };
    let writes = |patch: Value| {
        let all = patch.as_array().into_iter().flatten();
        all.skip(1).map(|o| format!("{} {}", o["op"], o["path"]).replace('"', "")).collect::<Vec<_>>()
    };
    let removed = "remove /metadata/annotations/rollcall.dev~1rollback";
    let begun = pinned(json!({"rollcall.dev/rollback": "m", "rollcall.dev/rolled-back": "sha256:a sha256:b"}));
    assert_eq!(writes(unpin_patch(&begun, "sha256:b")), [removed]);
    assert_eq!(writes(abandon_patch(&begun)), [removed], "also where nobody is left to end it");
    let earlier = pinned(json!({"rollcall.dev/rollback": "m", "rollcall.dev/rolled-back": "sha256:other"}));
    let written = "add /metadata/annotations/rollcall.dev~1rolled-back";
    assert_eq!(writes(unpin_patch(&earlier, "sha256:b")), [removed, written], "begun by an older rollcall");
}

#[test]
fn what_was_rolled_back_before_is_not_forgotten_over_the_next_rollback_but_what_comes_back_is() {
    let mut object = workload("api:2");
    object["metadata"]["annotations"] = json!({"rollcall.dev/rolled-back": "sha256:c sha256:d sha256:a"});
    let found = decode(WorkloadKind::Deployment, &object.to_string()).expect("decodes");
    let former = Former { name: "a".into(), template: template("api:1"), digest: "sha256:d".into(), owner: "u".into() };
    let patch = rollback_patch(&found, &former, "m", "sha256:a sha256:b");
    let written = patch.as_array().and_then(|all| all.last()).map(|last| last["value"].clone());
    assert_eq!(written, Some(json!("sha256:a sha256:b sha256:c")));
}
