//! What is taken away in the middle of a release and given back: rights of the operator's, and the definitions of
//! rollcall's own kinds. On a control plane of its own, for all that is on it is concerned.

use serde_json::{Value, json};

use crate::support::plan::{app, own_team, plan, release_named};
use crate::support::recorder::{held, let_go, version};
use crate::support::stage::{Named, Stage};
use crate::support::{Done, blocker_codes, condition_of, step_state};

const OPERATOR: &str = "system:serviceaccount:rollcall-system:rollcall";

/// The steps of the release: each waits for content that is not there before the test applies it.
const STEPS: [&str; 3] = ["one", "two", "three"];

/// A team of this name, with a release of which the first step is done. The others expect version 2.
async fn midway(stage: &Stage<'_>, name: &str, changes: &str) -> Done {
    let mut team = own_team(name, &["one", "two", "three", "own"]);
    team[1]["spec"]["independentChanges"] = json!(changes);
    stage.apply(&team).await?;
    stage.apply(&[release(name), app(name, "one", "2")]).await?;
    first_step_goes(stage, name, "").await?;
    Ok(())
}

fn release(name: &str) -> Value {
    let steps: Vec<_> = STEPS
        .iter()
        .enumerate()
        .map(|(n, step)| (*step, name, ("Deployment", *step), &STEPS[n.saturating_sub(1)..n]))
        .collect();
    let mut release = plan(name, &steps);
    for (n, step) in STEPS.iter().enumerate() {
        release["spec"]["steps"][n]["expect"] = json!({"images": {*step: format!("registry.example/{step}:2")}});
    }
    release
}

/// Signs for the first step alone, and waits until it is done.
async fn first_step_goes(stage: &Stage<'_>, name: &str, other_than: &str) -> Done<String> {
    let named = release_named(name);
    let digest = |r: &Value| r["status"]["digest"].as_str().unwrap_or_default().to_owned();
    let asks = |r: &Value| {
        let codes = blocker_codes(r);
        (codes.contains(&"RC051".into()) || codes.contains(&"RC052".into()))
            && codes.iter().filter(|c| *c == "RC081").count() == 2
            && digest(r) != other_than
    };
    let asked = stage.until("the word for the first step is missing", named, asks).await?;
    stage.sign(name, name, &digest(&asked)).await?;
    stage.until("the first step is done", named, |r| step_state(r, "one") == "Done").await?;
    Ok(digest(&asked))
}

/// The content of a step arrives, and the team says Go.
async fn arrives(stage: &Stage<'_>, name: &str, step: &str) -> Done {
    let before = stage.read(release_named(name)).await?["status"]["digest"].clone();
    stage.apply(&[app(name, step, "2")]).await?;
    let other = |r: &Value| r["status"]["digest"] != before && blocker_codes(r).contains(&"RC052".into());
    let asked = stage.until("the word for what has arrived is missing", release_named(name), other).await?;
    stage.sign(name, name, asked["status"]["digest"].as_str().unwrap_or_default()).await?;
    Ok(())
}

/// Whether the API server lets the operator do something in a namespace.
async fn until_may(stage: &Stage<'_>, may: bool, verb: &str, namespace: &str) -> Done {
    let args = ["auth", "can-i", verb, "deployments.apps", "-n", namespace, "--as", OPERATOR];
    let ask = || async { Ok((stage.installed.kubectl(&args).await.is_ok() == may).then_some(())) };
    stage.installed.until(&format!("the operator may {verb} Deployments: {may}"), ask).await
}

/// The API server says no to a step, and the release, its conditions and an Event say which right is missing.
async fn is_refused(stage: &Stage<'_>, name: &str, step: &str, verb: &str) -> Done<u64> {
    let said = |r: &Value| {
        let all = r["status"]["blockers"].as_array().into_iter().flatten();
        let mut own = all.filter(|b| b["code"] == "RC022" && b["step"] == step);
        own.any(|b| b["message"].to_string().contains(&format!("cannot {verb} resource")) && b["until"].is_string())
    };
    let named = release_named(name);
    stage.until(&format!("step {step} says that {verb} is refused"), named, said).await?;
    let told = stage.until_condition(named, ["Gated", "True", "NotAuthorized"]).await?;
    assert_eq!(step_state(&told, step), "Waiting");
    stage.until_event("releases", name, "NotAuthorized").await?;
    let workload = stage.read(("Deployment", name, step)).await?;
    assert!(held(&workload), "{workload:#}");
    Ok(version(&workload))
}

/// First the right to touch workloads is taken away, then that to read them.
pub async fn rights_are_taken_away(stage: &Stage<'_>) -> Done {
    let name = "rights";
    midway(stage, name, "AtOpenWindow").await?;
    let binding: Named<'_> = ("ClusterRoleBinding", "", "rollcall-workloads");
    let bound = without_history(stage.read(binding).await?);
    stage.delete(binding).await?;
    until_may(stage, false, "patch", name).await?;
    stage.apply(&[app(name, "own", "1")]).await?;
    arrives(stage, name, "two").await?;
    let refused = is_refused(stage, name, "two", "list").await?;
    let team = ("TeamReadiness", name, name);
    let told = |t: &Value| {
        let ready = condition_of(t, "Ready").map(|c| c["message"].to_string()).unwrap_or_default();
        ready.contains("Deployment own: rollcall may not let it go") && ready.contains("cannot patch")
    };
    stage.until("the team is told the same of its own change", team, told).await?;
    stage.apply(&[bound]).await?;
    stage.until("the second step is done", release_named(name), |r| step_state(r, "two") == "Done").await?;
    stage.runs(name, "own", "1").await?;
    stage.until("the team's trouble is over", team, |t| !told(t)).await?;
    let gone = let_go(&stage.history(name).await?, "Deployment", "two");
    assert!(gone.len() == 1 && gone[0].at > refused, "{gone:?}");

    let role: Named<'_> = ("ClusterRole", "", "rollcall");
    let whole = without_history(stage.read(role).await?);
    let mut less = whole.clone();
    if let Some(rules) = less["rules"].as_array_mut() {
        rules.retain(|rule| rule["apiGroups"] != json!(["apps"]));
    }
    stage.patch(role, json!({"rules": less["rules"]})).await?;
    until_may(stage, false, "get", name).await?;
    arrives(stage, name, "three").await?;
    let refused = is_refused(stage, name, "three", "get").await?;
    stage.patch(role, json!({"rules": whole["rules"]})).await?;
    stage.completed(name).await?;
    let gone = let_go(&stage.history(name).await?, "Deployment", "three");
    assert!(gone.len() == 1 && gone[0].at > refused, "{gone:?}");
    Ok(())
}

/// An object as its author would apply it again.
fn without_history(mut object: Value) -> Value {
    let kept = json!({"name": object["metadata"]["name"], "labels": object["metadata"]["labels"]});
    object["metadata"] = kept;
    object
}

/// With the definition of releases all releases go, with that of teams all teams; what they held stays held, and goes
/// with the next of them.
pub async fn definitions_are_taken_away(stage: &Stage<'_>) -> Done {
    let name = "defined";
    midway(stage, name, "Held").await?;
    stage.apply(&[app(name, "two", "2")]).await?;
    stage.seen_held(name, "two", "").await?;
    let first = stage.read(release_named(name)).await?["metadata"]["uid"].clone();

    let restore = taken_away(stage, "coordinatedreleases.rollcall.dev").await?;
    restored(stage, restore, &release(name)).await?;
    let anew = |r: &Value| {
        r["metadata"]["uid"].is_string() && r["metadata"]["uid"] != first && blocker_codes(r).contains(&"RC052".into())
    };
    let asked = stage.until("the new release does not count the old word", release_named(name), anew).await?;
    assert!(asked["status"]["startedAt"].is_null(), "{asked:#}");
    assert!(held(&stage.read(("Deployment", name, "two")).await?));

    let mut team = without_history(stage.read(("TeamReadiness", name, name)).await?);
    team["metadata"]["namespace"] = json!(name);
    team["spec"]["signOffs"] = json!([]);
    if let Some(fields) = team.as_object_mut() {
        fields.remove("status");
    }
    let restore = taken_away(stage, "teamreadinesses.rollcall.dev").await?;
    let missed =
        stage.until("the team is missed", release_named(name), |r| blocker_codes(r).contains(&"RC011".into())).await?;
    assert_eq!(condition_of(&missed, "Accepted").map(|c| c["reason"].clone()), Some(json!("ConsentMissing")));
    stage.until_event(name, "two", "TeamMissing").await?;
    restored(stage, restore, &team).await?;

    stage.apply(&[app(name, "three", "2")]).await?;
    let digest = stage.asked_for(name, "").await?;
    let signed = stage.sign(name, name, &digest).await?;
    stage.completed(name).await?;
    let gone = let_go(&stage.history(name).await?, "Deployment", "two");
    assert!(gone.len() == 1 && gone[0].at > signed, "{gone:?}");
    Ok(())
}

/// Deletes a definition, with all objects of its kind, and returns it as it was.
async fn taken_away(stage: &Stage<'_>, definition: &'static str) -> Done<Value> {
    let named: Named<'_> = ("CustomResourceDefinition", "", definition);
    let mut saved = without_history(stage.read(named).await?);
    if let Some(fields) = saved.as_object_mut() {
        fields.remove("status");
    }
    stage.delete(named).await?;
    stage.until("the definition is gone", named, Value::is_null).await?;
    Ok(saved)
}

/// Restores a definition, and an object of its kind as soon as the API server takes it.
async fn restored(stage: &Stage<'_>, definition: Value, object: &Value) -> Done {
    stage.apply(&[definition]).await?;
    let apply = || async { Ok(stage.apply(std::slice::from_ref(object)).await.ok()) };
    stage.installed.until("objects of the kind are taken again", apply).await
}
