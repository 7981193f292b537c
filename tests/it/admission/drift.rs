//! GitOps tools: what they apply is what they read back, so that nobody fights.

use serde_json::json;

use super::objects::{deployment, hold_of};
use super::world::{Who, World};

const DIFF: &str = "diff --server-side --force-conflicts --field-manager=kustomize-controller";

#[tokio::test]
async fn a_forced_server_side_dry_run_of_what_is_in_git_equals_what_is_stored() {
    let world = World::new("drift").await;
    world.running("api", "r/api:1").await;
    let mut git = deployment("api", "r/api:2");
    world.gitops(&git).await.passes();
    world.is_held("api", "r/api:2", "applied").await;
    world.feed(Who::Flux, DIFF, &git).await.passes();

    git["spec"]["paused"] = json!(false);
    world.gitops(&git).await.passes();
    world.is_held("api", "r/api:2", "applied with paused: false").await;
    world.feed(Who::Flux, DIFF, &git).await.passes();

    git["spec"]["template"]["spec"]["containers"][0]["image"] = json!("r/api:3");
    assert!(!world.feed(Who::Flux, DIFF, &git).await.ok, "a real difference is one");
}

#[tokio::test]
async fn what_a_dry_run_shows_is_what_would_be_stored() {
    let world = World::new("drift-dry").await;
    let answer = world.feed(Who::Dev, "create --dry-run=server -o json", &deployment("api", "r/api:1")).await.passes();
    let shown = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(hold_of(&shown), ("policy", true, "r/api:1"));
}
