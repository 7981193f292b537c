//! Authors, overrides and status: stamped by the API server, and refused to others.

use serde_json::{Value, json};

use super::objects::{release, team};
use super::world::{Who, World};

async fn author(world: &World, target: &str) -> Value {
    world.get(target).await["metadata"]["annotations"]["rollcall.dev/author"].clone()
}

fn waiver() -> Value {
    json!({"reason": "outage", "ticket": "INC-1", "skip": ["Freeze"], "until": "2030-01-01T00:00:00Z", "by": "the-king"})
}

#[tokio::test]
async fn the_author_is_who_last_changed_the_content() {
    let world = World::new("author").await;
    let mut forged = release("r1");
    forged["metadata"]["annotations"] = json!({"rollcall.dev/author": "the-king"});
    world.feed(Who::Dev, "create", &forged).await.passes();
    assert_eq!(author(&world, "crel r1").await, "dev");
    for command in [
        "annotate --overwrite crel r1 rollcall.dev/author=x",
        "annotate crel r1 rollcall.dev/author-",
        "label crel r1 a=b",
    ] {
        world.run(Who::Lead, command).await.passes();
        assert_eq!(author(&world, "crel r1").await, "dev", "{command}");
    }
    for unsigned in [
        json!({"paused": true}),
        json!({"resumedAt": "2027-01-12T08:00:00Z"}),
        json!({"deadline": "2027-01-12T18:00:00Z", "priority": 3, "owner": {"name": "Cora"}, "windows": []}),
        json!({"rollback": {"ifOneFails": "Continue"}}),
    ] {
        world.patch(Who::Lead, "crel r1", &json!({"spec": unsigned})).await.passes();
        assert_eq!(author(&world, "crel r1").await, "dev", "{unsigned} is not signed");
    }
    let in_lists = json!([{"op": "replace", "path": "/spec/participants/0/responsibility", "value": "Look on"},
        {"op": "replace", "path": "/spec/steps/0/estimate", "value": "20m"},
        {"op": "add", "path": "/spec/steps/0/dependsOn", "value": []}]);
    world.patch(Who::Lead, "crel r1", &in_lists).await.passes();
    assert_eq!(author(&world, "crel r1").await, "dev", "nor are these, or what goes without saying");
    let soak = json!([{"op": "add", "path": "/spec/steps/0/soak", "value": "10m"}]);
    world.patch(Who::Lead, "crel r1", &soak).await.passes();
    assert_eq!(author(&world, "crel r1").await, "lead");
    let mut git = release("r1");
    git["spec"]["steps"][0]["soak"] = json!("20m");
    world.gitops(&git).await.passes();
    assert_eq!(author(&world, "crel r1").await, "system:serviceaccount:flux-system:kustomize-controller");
}

#[tokio::test]
async fn whoever_puts_workloads_under_rollcall_must_be_able_to_patch_them() {
    let world = World::new("author-team").await;
    let spec = |kind: &str| json!({"workloads": [{"kind": kind, "name": "x"}]});
    for (kind, resource) in [
        ("Deployment", "deployments"),
        ("StatefulSet", "statefulsets"),
        ("DaemonSet", "daemonsets"),
        ("Job", "jobs"),
        ("CronJob", "cronjobs"),
    ] {
        let words = [format!("lists {resource}, and novice may not patch {resource}")];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        world.feed(Who::Novice, "create", &team("mine", &spec(kind))).await.refused(&words);
    }
    world.feed(Who::Novice, "create", &team("empty", &json!({"workloads": []}))).await.passes();
    world.feed(Who::Dev, "create", &team("shop", &spec("Deployment"))).await.passes();
    let consent = json!({"spec": {"allow": [{"namespace": "evil"}]}});
    world.patch(Who::Novice, "teamreadiness shop", &consent).await.refused(&["may not patch deployments"]);
    world.run(Who::Novice, "label teamreadiness shop a=b").await.passes();
    assert_eq!(author(&world, "teamreadiness shop").await, "dev");
}

#[tokio::test]
async fn a_sign_off_does_not_make_its_signer_the_author() {
    let world = World::new("author-sign").await;
    let spec = json!({"workloads": [], "signOff": {"required": [{"role": "lead"}]}});
    world.feed(Who::Dev, "create", &team("shop", &spec)).await.passes();
    let word =
        json!([{"release": "a/b", "role": "lead", "decision": "Go", "digest": format!("sha256:{}", "a".repeat(64))}]);
    world
        .patch(Who::Lead, "teamreadiness shop", &json!([{"op": "add", "path": "/spec/signOffs", "value": word}]))
        .await
        .passes();
    assert_eq!(author(&world, "teamreadiness shop").await, "dev");
}

#[tokio::test]
async fn setting_or_widening_an_override_takes_the_verb() {
    let world = World::new("override").await;
    world.feed(Who::Dev, "create", &release("r1")).await.passes();
    let set = json!({"spec": {"override": waiver()}});
    let words = ["dev may not override the gates of CoordinatedRelease override/r1", "verb override"];
    world.patch(Who::Dev, "crel r1", &set).await.refused(&words);
    let mut born = release("r2");
    born["spec"]["override"] = waiver();
    world.feed(Who::Dev, "create", &born).await.refused(&["dev may not override"]);
    world.patch(Who::Oncall, "crel r1", &set).await.passes();
    for part in
        [json!({"until": "2031-01-01T00:00:00Z"}), json!({"skip": ["Freeze", "SignOff"]}), json!({"reason": "other"})]
    {
        let wider = json!({"spec": {"override": part}});
        world.patch(Who::Dev, "crel r1", &wider).await.refused(&words);
    }
}

#[tokio::test]
async fn an_override_keeps_the_name_of_who_made_it_until_it_is_taken_away() {
    let world = World::new("override-by").await;
    world.feed(Who::Dev, "create", &release("r1")).await.passes();
    let spec = |part: Value| json!({"spec": part});
    world.patch(Who::Oncall, "crel r1", &spec(json!({"override": waiver()}))).await.passes();
    for (change, how) in [
        (json!({"override": {"by": "dev"}}), "forged"),
        (json!({"override": {"by": null}}), "removed"),
        (json!({"priority": 1}), "something else changed"),
    ] {
        world.patch(Who::Dev, "crel r1", &spec(change)).await.passes();
        assert_eq!(world.get("crel r1").await["spec"]["override"]["by"], "oncall", "{how}");
    }
    world.patch(Who::Dev, "crel r1", &spec(json!({"override": null}))).await.passes();
    let left = &world.get("crel r1").await["spec"]["override"];
    assert!(left.is_null(), "taking it away makes nothing less safe");
}

#[tokio::test]
async fn status_is_written_by_the_operator_only() {
    let world = World::new("status").await;
    world.feed(Who::Dev, "create", &release("r1")).await.passes();
    world.feed(Who::Dev, "create", &team("shop", &json!({"workloads": []}))).await.passes();
    let window = json!({"apiVersion": "rollcall.dev/v1alpha1", "kind": "DeploymentWindow", "metadata": {"name": "always"},
        "spec": {"type": "Allow", "timeZone": "Europe/Berlin", "reason": "office hours",
                 "schedule": [{"name": "office", "weekly": {"days": ["Mon-Thu"], "from": "09:00", "until": "12:00"}}]}});
    world.feed(Who::Dev, "create", &window).await.passes();
    let status = json!({"status": {"observedGeneration": 1}});
    for target in ["crel r1", "teamreadiness shop", "deploymentwindow always"] {
        let subresource = format!("{target} --subresource=status");
        for who in [Who::Admin, Who::Flux] {
            world.patch(who, &subresource, &status).await.refused(&["is written by rollcall only"]);
        }
        for who in [Who::Dev, Who::Lead, Who::Oncall] {
            world.patch(who, &subresource, &status).await.refused(&["/status\" in API group"]);
        }
        let (resource, name) = target.split_once(' ').expect("a name");
        world.write_status(resource, name).await.expect("the operator may");
    }
    let mut born = release("r2");
    born["status"] = json!({"observedGeneration": 7});
    world.feed(Who::Admin, "create", &born).await.passes();
    assert_eq!(world.get("crel r2").await["status"]["observedGeneration"], -1, "nor with the object");
}
