//! StatefulSets, DaemonSets and CronJobs: whatever writes new content, it is stored held, and what is given back is
//! exactly what the author had.

use serde_json::{Value, json};

use super::objects::{hold_of, of};
use super::world::{Who, World};

const KINDS: [&str; 3] = ["statefulset", "daemonset", "cronjob"];

/// Where the image stands.
fn image_at(kind: &str) -> &'static str {
    match kind {
        "cronjob" => "/spec/jobTemplate/spec/template/spec/containers/0/image",
        _ => "/spec/template/spec/containers/0/image",
    }
}

async fn hold(world: &World, target: &str) -> (String, bool, String) {
    let object = world.get(target).await;
    let (mark, holds, image) = hold_of(&object);
    (mark.to_owned(), holds, image.to_owned())
}

fn held(image: &str) -> (String, bool, String) {
    ("policy".to_owned(), true, image.to_owned())
}

#[tokio::test]
async fn every_way_of_writing_new_content_stores_it_held() {
    let world = World::new("kinds-ways").await;
    for kind in KINDS {
        for how in ["apply", "set", "gitops", "replace", "patch"] {
            let target = format!("{kind} {how}");
            world.installed(kind, how, "r/x:1").await;
            let mut next = of(kind, how, "r/x:2");
            let answer = match how {
                "set" => world.run(Who::Dev, &format!("set image {kind}/{how} main=r/x:2")).await,
                "gitops" => {
                    match kind {
                        "cronjob" => next["spec"]["suspend"] = json!(false),
                        _ => next["spec"]["updateStrategy"] = json!({"type": "RollingUpdate"}),
                    }
                    world.gitops(&next).await
                }
                "patch" => {
                    let patch = json!([{"op": "replace", "path": image_at(kind), "value": "r/x:2"}]);
                    world.patch(Who::Dev, &target, &patch).await
                }
                verb => world.feed(Who::Dev, verb, &next).await,
            }
            .passes();
            assert!(answer.stderr.contains(&format!("kinds-ways/{how} is held")), "{target}: {}", answer.stderr);
            assert_eq!(hold(&world, &target).await, held("r/x:2"), "{target}");
        }
    }
}

#[tokio::test]
async fn a_first_installation_of_a_cron_job_is_held_and_those_of_the_others_are_not() {
    let world = World::new("kinds-first").await;
    for kind in KINDS {
        let target = format!("{kind} first");
        world.feed(Who::Dev, "create", &of(kind, "first", "r/x:1")).await.passes();
        assert_eq!(hold(&world, &target).await.1, kind == "cronjob", "{kind}");
        let mut forged = of(kind, "forged", "r/x:1");
        forged["metadata"]["annotations"] =
            json!({"rollcall.dev/hold": "policy", "rollcall.dev/hold-restore": "5", "rollcall.dev/rollback": "x"});
        world.feed(Who::Dev, "create", &forged).await.passes();
        let stored = world.get(&format!("{kind} forged")).await;
        let left = &stored["metadata"]["annotations"];
        assert_eq!(hold_of(&stored).1, kind == "cronjob", "{kind}: {left}");
        assert_eq!((&left["rollcall.dev/hold-restore"], &left["rollcall.dev/rollback"]), (&Value::Null, &Value::Null));
        world.run(Who::Dev, &format!("delete {target}")).await.passes();
        world.feed(Who::Dev, "create", &of(kind, "first", "r/x:2")).await.passes();
        assert_eq!(hold(&world, &target).await.1, kind == "cronjob", "{kind}: created again");
    }
}

#[tokio::test]
async fn nobody_but_the_operator_clears_a_hold_of_any_kind() {
    let world = World::new("kinds-sticky").await;
    for kind in KINDS {
        let target = format!("{kind} x");
        world.installed(kind, "x", "r/x:1").await;
        world.feed(Who::Dev, "apply", &of(kind, "x", "r/x:2")).await.passes();
        let clear = json!({"metadata": {"annotations": {"rollcall.dev/hold": null, "rollcall.dev/hold-restore": null}},
        "spec": match kind {
            "cronjob" => json!({"suspend": false}),
            "statefulset" => json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}),
            _ => json!({"updateStrategy": {"type": "RollingUpdate"}}),
        }});
        for who in [Who::Dev, Who::Oncall, Who::Flux, Who::Admin] {
            world.patch(who, &target, &clear).await.passes();
            assert_eq!(hold(&world, &target).await, held("r/x:2"), "{target}: {who:?}");
        }
        world.feed(Who::Dev, "replace", &of(kind, "x", "r/x:2")).await.passes();
        assert_eq!(hold(&world, &target).await, held("r/x:2"), "{target}: replaced by a file without annotations");
        if kind == "statefulset" {
            world.run(Who::Dev, "scale statefulset/x --replicas=4").await.passes();
            assert_eq!(hold(&world, &target).await, held("r/x:2"), "scaled");
        }
        world.lets_go(&target).await;
        assert_eq!(hold(&world, &target).await, (String::new(), false, "r/x:2".to_owned()), "{target}");
        let left = world.get(&target).await["metadata"]["annotations"].clone();
        assert_eq!(left["rollcall.dev/hold-restore"], Value::Null, "{target}: {left}");
    }
}

#[tokio::test]
async fn a_restart_passes_and_ships_nothing_new() {
    let world = World::new("kinds-restart").await;
    for kind in ["statefulset", "daemonset"] {
        world.installed(kind, "x", "r/x:1").await;
        world.run(Who::Dev, &format!("rollout restart {kind}/x")).await.passes();
        assert_eq!(hold(&world, &format!("{kind} x")).await, (String::new(), false, "r/x:1".to_owned()));
    }
}

/// The strategy with the defaults of the API server, of which versions differ in `maxUnavailable`.
fn strategy(object: &Value) -> (String, Option<i64>) {
    let strategy = &object["spec"]["updateStrategy"];
    (strategy["type"].as_str().unwrap_or_default().to_owned(), strategy["rollingUpdate"]["partition"].as_i64())
}

#[tokio::test]
async fn a_stateful_set_gets_back_exactly_the_strategy_that_its_author_had() {
    let world = World::new("kinds-partition").await;
    let rolling = |partition: i64| json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}});
    for (name, given, mark, back) in [
        ("plain", Value::Null, "policy", ("RollingUpdate", Some(0))),
        ("canary", rolling(2), "policy", ("RollingUpdate", Some(2))),
        ("none", rolling(2_147_483_647), "author", ("RollingUpdate", Some(2_147_483_647))),
        ("by-hand", json!({"type": "OnDelete"}), "author", ("OnDelete", None)),
    ] {
        let target = format!("statefulset {name}");
        let mut object = of("statefulset", name, "r/x:1");
        if !given.is_null() {
            object["spec"]["updateStrategy"] = given;
        }
        world.feed(Who::Dev, "apply", &object).await.passes();
        assert_eq!(strategy(&world.get(&target).await).0, back.0, "{name}: a first installation is left alone");
        object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("r/x:2");
        world.feed(Who::Dev, "apply", &object).await.passes();
        assert_eq!(hold(&world, &target).await, (mark.to_owned(), true, "r/x:2".to_owned()), "{name}");
        // Applying the same again, and writing back what was read, change nothing of what is remembered.
        world.gitops(&object).await.passes();
        world.run(Who::Dev, &format!("annotate {target} a=b")).await.passes();
        world.lets_go(&target).await;
        let (kind, partition) = strategy(&world.get(&target).await);
        assert_eq!((kind.as_str(), partition), back, "{name}");
    }
}

#[tokio::test]
async fn what_an_author_wants_of_the_strategy_while_it_is_held_is_what_the_release_gives() {
    let world = World::new("kinds-wishes").await;
    world.installed("statefulset", "x", "r/x:1").await;
    world.feed(Who::Dev, "apply", &of("statefulset", "x", "r/x:2")).await.passes();
    let wish = json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 1}}}});
    world.patch(Who::Dev, "statefulset x", &wish).await.passes();
    assert_eq!(hold(&world, "statefulset x").await, held("r/x:2"));
    let garbage = json!({"metadata": {"annotations": {"rollcall.dev/hold-restore": "9999999999"}}});
    world.patch(Who::Dev, "statefulset x", &garbage).await.passes();
    world.patch(Who::Dev, "statefulset x", &wish).await.passes();
    world.lets_go("statefulset x").await;
    assert_eq!(strategy(&world.get("statefulset x").await).1, Some(1));
}

#[tokio::test]
async fn what_its_author_had_stopped_stays_stopped() {
    let world = World::new("kinds-author").await;
    for (kind, stop) in [
        ("daemonset", json!({"spec": {"updateStrategy": {"type": "OnDelete"}}})),
        ("cronjob", json!({"spec": {"suspend": true}})),
    ] {
        let target = format!("{kind} x");
        world.installed(kind, "x", "r/x:1").await;
        world.patch(Who::Dev, &target, &stop).await.passes();
        assert_eq!(hold(&world, &target).await, (String::new(), true, "r/x:1".to_owned()), "stopping is no change");
        world.run(Who::Dev, &format!("set image {kind}/x main=r/x:2")).await.passes();
        assert_eq!(hold(&world, &target).await, ("author".to_owned(), true, "r/x:2".to_owned()), "{kind}");
        world.lets_go(&target).await;
        assert_eq!(hold(&world, &target).await, (String::new(), true, "r/x:2".to_owned()), "{kind}");
    }
}

#[tokio::test]
async fn the_glass_can_be_broken_for_every_kind() {
    let world = World::new("kinds-glass").await;
    for kind in KINDS {
        let target = format!("{kind} x");
        world.installed(kind, "x", "r/x:1").await;
        world.run(Who::Dev, &format!("set image {kind}/x main=r/x:2")).await.passes();
        world.run(Who::Dev, &format!("annotate {target} rollcall.dev/break-glass=INC-1")).await.passes();
        assert_eq!(hold(&world, &target).await, held("r/x:2"), "{kind}: not without the verb");
        let command = format!("annotate --overwrite {target} rollcall.dev/break-glass=INC-2");
        world.run(Who::Oncall, &command).await.passes();
        let object = world.get(&target).await;
        assert_eq!(hold_of(&object), ("", false, "r/x:2"), "{kind}");
        assert_eq!(object["metadata"]["annotations"]["rollcall.dev/hold-restore"], Value::Null, "{kind}");
    }
}

/// A policy that resolves a tag to a digest, as webhooks of registries do. It may run before or after the hold.
fn pinning(namespace: &str) -> [Value; 2] {
    let api = "admissionregistration.k8s.io/v1";
    let rule = |group: &str, kinds: [&str; 3]| json!({"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": kinds});
    let patch = |path: &str| format!("JSONPatch{{op: 'replace', path: '{path}', value: 'r/x@sha256:1'}}");
    let pods = format!(
        "dyn(object).?spec.?template.?spec.?containers[0].?image.orValue('') == 'r/x:1' ? [{}] :
         dyn(object).?spec.?jobTemplate.?spec.?template.?spec.?containers[0].?image.orValue('') == 'r/x:1' ? [{}] : []",
        patch(image_at("statefulset")),
        patch(image_at("cronjob"))
    );
    let policy = json!({"apiVersion": api, "kind": "MutatingAdmissionPolicy", "metadata": {"name": "pin-images"}, "spec": {
        "failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded",
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "resourceRules": [rule("apps", ["deployments", "statefulsets", "daemonsets"]), rule("batch", ["cronjobs", "jobs", "x"])]},
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": pods}}]}});
    let binding = json!({"apiVersion": api, "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": "pin-images"},
        "spec": {"policyName": "pin-images"}});
    [policy, binding]
}

#[tokio::test]
async fn what_a_webhook_pins_to_the_digest_that_runs_is_not_held_and_its_field_is_given_back() {
    let world = World::new("kinds-undo").await;
    for object in pinning("kinds-undo") {
        world.feed(Who::Admin, "apply", &object).await.passes();
    }
    let pinned = "r/x@sha256:1";
    control_plane::wait::until("images to be pinned", super::world::PATIENCE, async || {
        let answer = world.feed(Who::Dev, "create --dry-run=server -o json", &of("deployment", "x", "r/x:1")).await;
        answer.stdout.contains(pinned).then_some(()).ok_or(answer.stdout)
    })
    .await
    .expect("pinned");
    for (kind, given) in [
        ("deployment", Value::Null),
        ("statefulset", Value::Null),
        ("statefulset", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})),
        ("statefulset", json!({"type": "OnDelete"})),
        ("daemonset", Value::Null),
        ("daemonset", json!({"type": "OnDelete"})),
        ("cronjob", Value::Null),
    ] {
        let target = format!("{kind} x");
        let mut git = of(kind, "x", "r/x:1");
        if !given.is_null() {
            git["spec"]["updateStrategy"] = given.clone();
        }
        world.gitops(&git).await.passes();
        if hold_of(&world.get(&target).await).0 == "policy" {
            world.lets_go(&target).await;
        }
        let before = world.get(&target).await;
        world.gitops(&git).await.passes();
        let after = world.get(&target).await;
        assert_eq!(hold_of(&after).0, "", "{kind} {given}");
        assert_eq!(hold_of(&after).2, pinned, "{kind}");
        assert_eq!(after["spec"], before["spec"], "{kind} {given}");
        assert_eq!(after["metadata"]["annotations"], before["metadata"]["annotations"], "{kind} {given}");
        world.run(Who::Dev, &format!("delete {target}")).await.passes();
    }
}
