//! How releases end by hand: who may ask for a rollback, and when one may be deleted.

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};

use super::objects::release;
use super::world::{Answer, Who, World};
use crate::support::stage::resource;

const R1: &str = "coordinatedrelease r1";

async fn annotate(world: &World, who: Who, what: &str) -> Answer {
    world.run(who, &format!("annotate --overwrite {R1} {what}")).await
}

/// Writes a status as the operator does.
async fn status(world: &World, status: &Value) {
    let account = world.plane.service_account("rollcall-system", "rollcall").await.expect("an account");
    let api = Api::<DynamicObject>::namespaced_with(
        account.client().expect("a client"),
        world.namespace,
        &resource("CoordinatedRelease"),
    );
    api.patch_status("r1", &PatchParams::default(), &Patch::Merge(status)).await.expect("it is written");
}

/// The API server says that the text is wrong, and how.
#[track_caller]
fn invalid(answer: &Answer, why: &str) {
    assert!(!answer.ok, "was taken: {}", answer.stdout);
    assert!(answer.stderr.contains("is invalid") && answer.stderr.contains(why), "{}", answer.stderr);
}

/// Who asked, and the label by which the operator finds it.
fn asked(object: &Value) -> (&str, &str) {
    let of = |field: &str, key: &str| object["metadata"][field][key].as_str().unwrap_or_default();
    (of("annotations", "rollcall.dev/rollback-requested-by"), of("labels", "rollcall.dev/rollback-requested"))
}

#[tokio::test]
async fn a_rollback_is_asked_for_with_the_verb_and_stamped_with_whoever_did_and_labelled() {
    let world = World::new("asked-back").await;
    world.feed(Who::Dev, "create", &release("r1")).await.passes();
    let author = world.get(R1).await["metadata"]["annotations"]["rollcall.dev/author"].clone();
    annotate(&world, Who::Dev, "rollcall.dev/rollback-requested=INC-1").await.refused(&["may not ask for a rollback"]);
    let forged = "rollcall.dev/rollback-requested=INC-1 rollcall.dev/rollback-requested-by=dev";
    annotate(&world, Who::Lead, forged).await.passes();
    assert_eq!(asked(&world.get(R1).await), ("lead", "true"), "not whom the request names");
    for (who, forged) in
        [(Who::Dev, "rollcall.dev/rollback-requested-by=dev"), (Who::Admin, "rollcall.dev/rollback-requested-by-")]
    {
        annotate(&world, who, forged).await.passes();
        world.run(who, &format!("label --overwrite {R1} rollcall.dev/rollback-requested-")).await.passes();
        assert_eq!(asked(&world.get(R1).await), ("lead", "true"), "{forged}");
    }
    annotate(&world, Who::Admin, "rollcall.dev/rollback-requested=INC-2").await.passes();
    assert_ne!(asked(&world.get(R1).await).0, "lead", "another reason is another word");
    annotate(&world, Who::Dev, "rollcall.dev/rollback-requested-").await.passes();
    assert_eq!(asked(&world.get(R1).await), ("", ""), "taking it back needs no verb");
    assert_eq!(world.get(R1).await["metadata"]["annotations"]["rollcall.dev/author"], author, "it is no content");
}

#[tokio::test]
async fn a_release_under_way_is_deleted_only_with_the_annotation_and_what_it_let_go_stays_in_its_plan() {
    let world = World::new("ending").await;
    world.feed(Who::Dev, "create", &release("r1")).await.passes();
    let step = |spec: Value| json!([{"op": "replace", "path": "/spec/steps/0", "value": spec}]);
    let plan = world.get(R1).await["spec"].clone();
    let first = plan["steps"][0].clone();
    let mut other = first.clone();
    other["workload"]["name"] = json!("other");
    let team = json!([{"op": "replace", "path": "/spec/participants/0/team/name", "value": "other"}]);
    let grant = |withdrawn: Option<&str>| {
        let mut grant = json!({"format": 1, "at": "2027-01-12T09:00:00Z", "digest": "d", "workloadUid": "u",
            "workloadVersion": "7", "template": "t"});
        if let Some(at) = withdrawn {
            grant["withdrawnAt"] = json!(at);
        }
        json!({"status": {"observedGeneration": 1, "startedAt": "2027-01-12T09:00:00Z",
            "steps": [{"name": first["name"], "state": "Granted", "grant": grant}]}})
    };
    // Nothing went yet: the plan is its author's to change.
    world.patch(Who::Dev, R1, &step(other.clone())).await.passes();
    world.patch(Who::Dev, R1, &team).await.passes();
    world.patch(Who::Dev, R1, &json!([{"op": "replace", "path": "/spec", "value": plan}])).await.passes();

    status(&world, &grant(None)).await;
    let kept = "a step that was let go cannot be removed";
    invalid(&world.patch(Who::Dev, R1, &step(other.clone())).await, kept);
    invalid(&world.patch(Who::Dev, R1, &step(json!({"name": "wait", "wait": "1m"}))).await, kept);
    invalid(&world.patch(Who::Admin, R1, &team).await, "no participant can become another team");
    let more = json!([{"op": "add", "path": "/spec/steps/-", "value": {"name": "later", "wait": "1m"}},
        {"op": "add", "path": "/spec/steps/0/timeout", "value": "50m"}]);
    world.patch(Who::Dev, R1, &more).await.passes();

    for who in [Who::Dev, Who::Admin] {
        world.run(who, &format!("delete {R1}")).await.refused(&[
            "is under way",
            "spec.cancel",
            "rollcall.dev/force-delete",
        ]);
    }
    status(&world, &grant(Some("2027-01-12T09:00:05Z"))).await;
    world.patch(Who::Dev, R1, &step(other)).await.passes();
    annotate(&world, Who::Dev, "rollcall.dev/force-delete=INC-1").await.passes();
    world.run(Who::Dev, &format!("delete {R1}")).await.passes();
}
