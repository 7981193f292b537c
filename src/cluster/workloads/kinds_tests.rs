//! StatefulSets, DaemonSets and CronJobs: how far they are, and what letting them go gives back.

use serde_json::json;

use super::*;

fn read(kind: WorkloadKind, name: &str, spec: &Value, status: &Value, annotations: &Value) -> Workload {
    let object = json!({
        "metadata": {"namespace": "core", "name": name, "uid": "u", "resourceVersion": "7", "generation": 3,
            "labels": {"rollcall.dev/gate": "core"}, "annotations": annotations},
        "spec": spec, "status": status,
    });
    decode(kind, &object.to_string()).expect("decodes")
}

fn template(labels: &Value) -> Value {
    json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "r/x:2"}]}})
}

/// A StatefulSet of three, of which so many are updated and ready, under a strategy.
fn stateful_set(strategy: &Value, updated: i64, ready: i64, annotations: &Value) -> Workload {
    let current = if updated == 3 { "db-2" } else { "db-1" };
    read(
        WorkloadKind::StatefulSet,
        "db",
        &json!({"replicas": 3, "updateStrategy": strategy, "template": template(&json!({}))}),
        &json!({"observedGeneration": 3, "replicas": 3, "readyReplicas": ready, "updatedReplicas": updated,
            "currentRevision": current, "updateRevision": "db-2"}),
        annotations,
    )
}

fn rolling(partition: i64) -> Value {
    json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}})
}

fn progresses(progress: &Progress) -> bool {
    matches!(progress, Progress::Progressing(_))
}

#[test]
fn a_stateful_set_is_done_when_every_pod_is_of_the_new_revision_and_ready() {
    let none = json!({});
    assert_eq!(stateful_set(&rolling(0), 3, 3, &none).progress, Progress::Done);
    assert!(progresses(&stateful_set(&rolling(0), 3, 2, &none).progress), "one is not ready");
    assert!(progresses(&stateful_set(&rolling(0), 2, 3, &none).progress), "one is of the old revision");
    assert_eq!(stateful_set(&rolling(2), 1, 3, &none).progress, Progress::Done, "as far as its author's canary goes");
    assert!(progresses(&stateful_set(&rolling(1), 1, 3, &none).progress));
    assert_eq!(stateful_set(&rolling(3), 0, 3, &none).progress, Progress::Stopped, "its author lets nothing go");
    assert_eq!(stateful_set(&json!({"type": "OnDelete"}), 0, 3, &none).progress, Progress::Stopped);
    assert_eq!(stateful_set(&json!({"type": "OnDelete"}), 3, 3, &none).progress, Progress::Done);
}

#[test]
fn a_held_stateful_set_is_not_taken_for_done_whatever_its_status_says() {
    let hold = json!({"rollcall.dev/hold": "policy", "rollcall.dev/hold-restore": "0"});
    let held = stateful_set(&rolling(2_147_483_647), 0, 3, &hold);
    assert_eq!((held.progress, held.runs_already), (Progress::NotObserved, false));
    assert!(stateful_set(&rolling(2_147_483_647), 3, 3, &hold).runs_already, "the change was taken back");
    assert!(!stateful_set(&rolling(2_147_483_647), 3, 0, &hold).runs_already, "its pods wait at the pod gate");
    // The hold field without the hold: somebody else's stop, and no success either.
    assert_eq!(stateful_set(&rolling(2_147_483_647), 0, 3, &json!({})).progress, Progress::Stopped);
}

/// A StatefulSet of five whose stored content its controller calls current, while two pods are of other content.
fn taken_back_midway(partition: i64, annotations: &Value) -> Workload {
    let spec = json!({"replicas": 5, "updateStrategy": rolling(partition), "template": template(&json!({}))});
    let status = json!({"observedGeneration": 3, "replicas": 5, "readyReplicas": 5, "updatedReplicas": 3,
        "currentRevision": "db-1", "updateRevision": "db-1"});
    read(WorkloadKind::StatefulSet, "db", &spec, &status, annotations)
}

#[test]
fn what_is_current_by_name_does_not_run_while_some_pods_are_of_other_content() {
    let hold = json!({"rollcall.dev/hold": "policy", "rollcall.dev/hold-restore": "0"});
    assert!(!taken_back_midway(2_147_483_647, &hold).runs_already, "it was held half-way and taken back");
    let Progress::Progressing(how) = taken_back_midway(5, &json!({})).progress else {
        panic!("two pods of the bad version are left");
    };
    assert!(how.contains("3 of 5 updated") && how.contains("partition keeps pods of other content"), "{how}");
}

#[test]
fn one_pod_at_a_time_a_stateful_set_says_what_may_keep_it_waiting() {
    let Progress::Progressing(how) = stateful_set(&rolling(0), 2, 2, &json!({})).progress else {
        panic!("it goes on");
    };
    assert!(how.contains("keeps all others waiting until it is deleted"), "{how}");
}

/// The operations that give the hold field back.
fn given_back(workload: &Workload) -> Vec<Value> {
    let patch = release_patch(workload, "x", "");
    let all = patch.as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|o| o["path"].as_str().is_some_and(|p| p.starts_with("/spec/"))).collect()
}

#[test]
fn letting_a_stateful_set_go_gives_back_what_its_author_had() {
    let held = |by: &str, restore: &str| {
        let hold = json!({"rollcall.dev/hold": by, "rollcall.dev/hold-restore": restore});
        given_back(&stateful_set(&rolling(2_147_483_647), 0, 3, &hold))
    };
    let partition = |n: i64| json!({"op": "add", "path": "/spec/updateStrategy/rollingUpdate/partition", "value": n});
    assert_eq!(held("policy", "0"), [partition(0)]);
    assert_eq!(held("policy", "2"), [partition(2)]);
    assert_eq!(held("policy", "nonsense"), [partition(0)]);
    assert_eq!(held("policy", "9999999999"), [partition(0)], "more than the field can hold");
    assert_eq!(held("author", "2147483647"), [partition(2_147_483_647)]);
    let by_hand = json!({"op": "add", "path": "/spec/updateStrategy", "value": {"type": "OnDelete"}});
    assert_eq!(held("author", "OnDelete"), [by_hand]);
}

fn daemon_set(strategy: &str, updated: i64, available: i64, hold: &Value) -> Workload {
    read(
        WorkloadKind::DaemonSet,
        "log",
        &json!({"updateStrategy": {"type": strategy}, "template": template(&json!({}))}),
        &json!({"observedGeneration": 3, "desiredNumberScheduled": 3, "updatedNumberScheduled": updated,
            "numberAvailable": available, "numberReady": available}),
        hold,
    )
}

#[test]
fn a_daemon_set_is_done_when_every_node_has_the_new_pod_available() {
    let none = json!({});
    assert_eq!(daemon_set("RollingUpdate", 3, 3, &none).progress, Progress::Done);
    assert!(progresses(&daemon_set("RollingUpdate", 3, 2, &none).progress));
    assert_eq!(daemon_set("OnDelete", 1, 3, &none).progress, Progress::Stopped);
    let hold = json!({"rollcall.dev/hold": "policy"});
    let held = daemon_set("OnDelete", 1, 3, &hold);
    assert_eq!((&held.progress, held.runs_already), (&Progress::NotObserved, false));
    assert!(daemon_set("OnDelete", 3, 3, &hold).runs_already, "the change was taken back");
    assert!(!daemon_set("OnDelete", 3, 0, &hold).runs_already, "its pods wait at the pod gate");
    let on = json!({"op": "add", "path": "/spec/updateStrategy/type", "value": "RollingUpdate"});
    assert_eq!(given_back(&held), [on]);
    assert_eq!(given_back(&daemon_set("OnDelete", 1, 3, &json!({"rollcall.dev/hold": "author"}))), Vec::<Value>::new());
}

#[test]
fn held_content_that_runs_and_was_not_let_go_last_was_not_taken_back() {
    let noted = |runs: &str| json!({"rollcall.dev/hold": "policy", "rollcall.dev/runs": runs});
    let digest = daemon_set("OnDelete", 3, 3, &json!({})).template;
    assert!(daemon_set("OnDelete", 3, 3, &noted(&digest)).runs_already);
    assert!(!daemon_set("OnDelete", 3, 3, &noted("sha256:other")).runs_already, "its pods were made anew, one by one");
    let set = |runs: &str| {
        let spec = json!({"replicas": 2, "template": template(&json!({}))});
        let status = json!({"observedGeneration": 3, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2,
            "currentRevision": "db-2", "updateRevision": "db-2"});
        read(WorkloadKind::StatefulSet, "db", &spec, &status, &noted(runs))
    };
    assert!(set(&digest).runs_already);
    assert!(!set("sha256:other").runs_already, "it was scaled to nothing and back");
}

fn cron_job(image: &str, suspend: bool, annotations: &Value) -> Workload {
    let pods = json!({"spec": {"containers": [{"name": "main", "image": image}]}});
    read(
        WorkloadKind::CronJob,
        "nightly",
        &json!({"suspend": suspend, "jobTemplate": {"spec": {"template": pods}}}),
        &json!({"lastScheduleTime": "2027-01-12T09:00:00Z"}),
        annotations,
    )
}

/// A Job that the CronJob's controller made, due at a time of the day.
fn run(image: &str, due: &str, condition: &Value) -> Workload {
    let object = json!({
        "metadata": {"namespace": "core", "name": format!("nightly-{due}"), "uid": "j", "resourceVersion": "8",
            "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": format!("2027-01-12T{due}:00Z")},
            "ownerReferences": [{"kind": "CronJob", "name": "nightly", "uid": "u", "controller": true}]},
        "spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}},
        "status": {"conditions": [condition]},
    });
    decode(WorkloadKind::Job, &object.to_string()).expect("decodes")
}

fn complete() -> Value {
    json!({"type": "Complete", "status": "True"})
}

/// A CronJob that was let go after the run of 09:00.
fn released() -> Workload {
    let digest = cron_job("r:2", false, &json!({})).template;
    cron_job("r:2", false, &json!({"rollcall.dev/runs": format!("{digest} 2027-01-12T09:00:00Z")}))
}

#[test]
fn a_cron_job_that_was_let_go_is_as_far_as_its_newest_run_since() {
    let cron = released();
    let none: [&Workload; 0] = [];
    assert!(progresses(&progress_of(&cron, none)), "its next run has yet to come");
    assert!(progresses(&progress_of(&cron, [&run("r:2", "09:00", &complete())])), "that run was due before");
    assert!(progresses(&progress_of(&cron, [&run("r:1", "09:01", &complete())])), "that one is of other content");
    let ran = run("r:2", "09:01", &complete());
    assert_eq!(progress_of(&cron, [&ran]), Progress::Done);
    let failed = run("r:2", "09:02", &json!({"type": "Failed", "status": "True", "message": "backoff limit"}));
    let expected = Progress::Failed { at: None, why: "Job nightly-09:02: backoff limit".into() };
    assert_eq!(progress_of(&cron, [&ran, &failed]), expected, "the newest run counts");
}

#[test]
fn a_cron_job_that_was_never_let_go_or_is_stopped_waits_for_no_run() {
    let none: [&Workload; 0] = [];
    assert_eq!(progress_of(&cron_job("r:2", false, &json!({})), none), Progress::Done);
    let stale = cron_job("r:2", false, &json!({"rollcall.dev/runs": "sha256:other"}));
    assert_eq!(progress_of(&stale, none), Progress::Done, "somebody else let this content go");
    assert_eq!(progress_of(&cron_job("r:2", true, &json!({})), none), Progress::Stopped);
}

#[test]
fn letting_a_cron_job_go_remembers_what_went_and_the_last_run_before() {
    let held = cron_job("r:2", true, &json!({"rollcall.dev/hold": "policy"}));
    assert!(!held.runs_already);
    let patch = release_patch(&held, "x", "");
    let runs = format!("{} 2027-01-12T09:00:00Z", held.template);
    let runs = json!({"op": "add", "path": "/metadata/annotations/rollcall.dev~1runs", "value": runs});
    assert!(patch.as_array().is_some_and(|all| all.contains(&runs)), "{patch}");
    assert_eq!(given_back(&held), [json!({"op": "add", "path": "/spec/suspend", "value": false})]);
    let again = json!({"rollcall.dev/hold": "policy", "rollcall.dev/runs": format!("{} x", held.template)});
    assert!(cron_job("r:2", true, &again).runs_already, "the change was taken back");
}

#[test]
fn how_firmly_each_kind_is_held_is_told_and_a_pod_gate_makes_it_full() {
    let gated = template(&json!({"rollcall.dev/pod-gate": "log"}));
    let of = |kind, template: &Value| read(kind, "x", &json!({"template": template}), &json!({}), &json!({})).strength;
    for (kind, plain, strict) in [
        (WorkloadKind::Deployment, Strength::Full, Strength::Full),
        (WorkloadKind::StatefulSet, Strength::UpdatesOnly, Strength::Full),
        (WorkloadKind::DaemonSet, Strength::BestEffort, Strength::Full),
        (WorkloadKind::Job, Strength::Full, Strength::Full),
        (WorkloadKind::CronJob, Strength::Interrupting, Strength::Interrupting),
    ] {
        assert_eq!(of(kind, &template(&json!({}))), plain, "{kind:?}");
        assert_eq!(of(kind, &gated), strict, "{kind:?}");
    }
}
