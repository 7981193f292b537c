//! A person's tasks: who says that one is done.

use serde_json::{Value, json};

use super::objects::team;
use super::world::{Answer, Who, World};

/// An entry that claims to be somebody else's.
fn done(step: &str, letter: &str) -> Value {
    let digest = format!("sha256:{}", letter.repeat(64));
    json!({"release": "releases/r1", "step": step, "digest": digest, "by": "the-king"})
}

async fn say(world: &World, who: Who, entries: Value) -> Answer {
    let patch = json!([{"op": "add", "path": "/spec/tasksDone", "value": entries}]);
    world.patch(who, "teamreadiness shop", &patch).await
}

/// Step and doer of every entry.
async fn stored(world: &World) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let object = world.get("teamreadiness shop").await;
    let all = object["spec"]["tasksDone"].as_array().cloned().unwrap_or_default();
    all.iter().map(|s| (text(&s["step"]), text(&s["by"]))).collect()
}

#[tokio::test]
async fn a_task_is_done_by_who_says_so_with_the_verb_and_by_nobody_else() {
    let world = World::new("task-by").await;
    world.feed(Who::Dev, "create", &team("shop", &json!({"workloads": []}))).await.passes();
    say(&world, Who::Dev, json!([done("switch", "a")])).await.refused(&["may not say"]);
    say(&world, Who::Lead, json!([done("switch", "a")])).await.passes();
    let by_lead = [("switch".to_owned(), "lead".to_owned())];
    assert_eq!(stored(&world).await, by_lead);
    let author = world.get("teamreadiness shop").await["metadata"]["annotations"]["rollcall.dev/author"].clone();
    assert_eq!(author, "dev", "whoever does a task has not written the team");
    for forged in [json!("oncall"), json!("the-king")] {
        let patch = json!([{"op": "replace", "path": "/spec/tasksDone/0/by", "value": forged}]);
        world.patch(Who::Admin, "teamreadiness shop", &patch).await.passes();
        assert_eq!(stored(&world).await, by_lead);
    }
    say(&world, Who::Admin, json!([done("switch", "b")])).await.refused(&["somebody else said"]);
    say(&world, Who::Dev, json!([])).await.refused(&["may not say"]);
    world.lets_sign_off("grace").await;
    let gone = r#"patch teamreadiness shop --as=grace --type=json -p [{"op":"remove","path":"/spec/tasksDone/0"}]"#;
    world.run(Who::Admin, gone).await.passes();
    assert_eq!(stored(&world).await, [], "a colleague with the verb takes it back");
}
