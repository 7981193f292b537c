use serde_json::json;

use super::*;

fn deployment(change: impl FnOnce(&mut Value)) -> Workload {
    let mut object = json!({
        "metadata": {"namespace": "core", "name": "api", "uid": "u", "resourceVersion": "7", "generation": 3, "labels": {"rollcall.dev/gate": "core"}},
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "api", "image": "api:2"}]}}},
        "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
    });
    change(&mut object);
    decode(WorkloadKind::Deployment, &object.to_string()).expect("decodes")
}

fn job(change: impl FnOnce(&mut Value)) -> Workload {
    let mut object = json!({
        "metadata": {"namespace": "core", "name": "migrate", "uid": "u", "resourceVersion": "7", "labels": {"rollcall.dev/gate": "core"}},
        "spec": {"template": {"spec": {"containers": [{"name": "m", "image": "m:2"}]}}},
        "status": {},
    });
    change(&mut object);
    decode(WorkloadKind::Job, &object.to_string()).expect("decodes")
}

#[test]
fn a_deployment_is_done_when_its_newest_generation_is_observed_and_only_it_runs() {
    assert_eq!(deployment(|_| ()).progress, Progress::Done);
    assert_eq!(deployment(|d| d["metadata"]["generation"] = json!(4)).progress, Progress::NotObserved);
    assert!(matches!(deployment(|d| d["status"]["availableReplicas"] = json!(1)).progress, Progress::Progressing(_)));
    assert!(
        matches!(deployment(|d| d["status"]["replicas"] = json!(3)).progress, Progress::Progressing(_)),
        "an old pod is left"
    );
}

#[test]
fn a_deployment_that_exceeds_its_deadline_has_failed_at_that_time() {
    let failed = deployment(|d| {
        d["status"]["conditions"] = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
            "message": "too slow", "lastUpdateTime": "2027-01-12T09:00:00Z"}]);
    });
    assert_eq!(failed.progress, Progress::Failed { at: from("2027-01-12T09:00:00Z"), why: "too slow".into() });
}

fn from(text: &str) -> Option<DateTime<Utc>> {
    crate::api::time::from_wire(text)
}

#[test]
fn a_held_deployment_makes_no_progress_and_says_whether_its_change_was_taken_back() {
    let hold = |d: &mut Value| {
        d["spec"]["paused"] = json!(true);
        d["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"});
    };
    let held = deployment(hold);
    assert_eq!((held.hold, held.progress, held.runs_already), (Some(HeldBy::Policy), Progress::NotObserved, true));
    let changed = deployment(|d| {
        hold(d);
        d["status"]["updatedReplicas"] = json!(0);
    });
    assert!(!changed.runs_already);
    let first_install = deployment(|d| {
        hold(d);
        d["status"] = json!({"observedGeneration": 3});
    });
    assert!(!first_install.runs_already, "nothing runs, so the content is new");
}

#[test]
fn a_restart_is_not_new_content_and_an_image_is() {
    let plain = deployment(|_| ());
    let restarted = deployment(|d| {
        d["spec"]["template"]["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/restartedAt": "now"})
    });
    assert_eq!(plain.template, restarted.template);
    let other = deployment(|d| d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("api:3"));
    assert_ne!(plain.template, other.template);
    assert_eq!(other.images.get("api"), Some("api:3"));
}

#[test]
fn a_job_is_done_when_complete_and_failed_when_failed() {
    assert!(matches!(job(|_| ()).progress, Progress::Progressing(_)));
    assert_eq!(
        job(|j| j["status"]["conditions"] = json!([{"type": "Complete", "status": "True"}])).progress,
        Progress::Done
    );
    let failed = job(|j| j["status"]["conditions"] = json!([{"type": "Failed", "status": "True", "message": "no"}]));
    assert_eq!(failed.progress, Progress::Failed { at: None, why: "no".into() });
}

#[test]
fn letting_go_tests_the_version_and_removes_only_what_the_hold_added() {
    let held = deployment(|d| d["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"}));
    let patch = release_patch(&held, "releases/r1", "2027-01-12T08:00:05Z");
    assert_eq!(patch[0], json!({"op": "test", "path": "/metadata/resourceVersion", "value": "7"}));
    assert_eq!(patch[2], json!({"op": "remove", "path": "/spec/paused"}));
    let by =
        json!({"op": "add", "path": "/metadata/annotations/rollcall.dev~1let-go-by", "value": "2027-01-12T08:00:05Z"});
    assert!(patch.as_array().is_some_and(|all| all.contains(&by)), "{patch}");
    let by_author = deployment(|d| d["metadata"]["annotations"] = json!({"rollcall.dev/hold": "author"}));
    assert_eq!(release_patch(&by_author, "x", "").as_array().map(Vec::len), Some(4), "it stays paused");
}

#[test]
fn what_nobody_gates_keeps_no_content() {
    let free = deployment(|d| d["metadata"]["labels"] = json!({}));
    assert_eq!((free.gate, free.template.as_str(), free.images.is_empty()), (None, "", true));
}

#[test]
fn a_job_that_kueue_runs_says_so() {
    assert!(job(|j| j["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = json!("q")).owned_elsewhere.is_some());
}

#[test]
fn what_is_held_back_is_remembered_before_what_was_rolled_back() {
    let held = |annotations: Value| deployment(|object| object["metadata"]["annotations"] = annotations);
    let written = |workload: &Workload| {
        let patch = hold_back_patch(workload, "held-back=sha256:b");
        assert_eq!(patch[0], json!({"op": "test", "path": "/metadata/resourceVersion", "value": "7"}));
        assert_eq!(patch[1]["path"], "/metadata/annotations/rollcall.dev~1rolled-back");
        patch[1]["value"].as_str().expect("words").to_owned()
    };
    let first = held(json!({"rollcall.dev/hold": "policy"}));
    assert_eq!(written(&first), "held-back=sha256:b");
    let more = held(json!({"rollcall.dev/hold": "policy", "rollcall.dev/rolled-back": "sha256:a held-back=sha256:b"}));
    assert_eq!(written(&more), "held-back=sha256:b sha256:a");
}
