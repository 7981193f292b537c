//! Checks run by themselves while a release waits for them, others can answer them, and nobody borrows rollcall's
//! rights.

use control_plane::Subject;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::alone::message_of;
use crate::admission::asking::Caller;
use crate::support::operator::Operator;
use crate::support::plan::{app, own_team, plan, release_named};
use crate::support::recorder::held;
use crate::support::stage::Stage;
use crate::support::{Done, Installed, blocker_codes, namespace};

const TEAM: &str = "checked";
const NAMED: (&str, &str, &str) = ("TeamReadiness", TEAM, TEAM);
const ANSWERER: &str = "example.com/budget";

#[tokio::test(flavor = "multi_thread")]
async fn a_release_goes_when_every_check_passes_and_its_author_may_do_it_too() -> Done {
    let installed = Installed::start().await?;
    let stage = Stage::on(&installed).await?;
    let (site, answers) = site().await?;
    let file = installed.plane.dir().join("endpoints.yaml");
    std::fs::write(&file, endpoints(&site))?;
    let path = file.to_string_lossy().into_owned();
    let args = ["--settle", "1s", "--no-leader-election", "--endpoints", path.as_str()];
    let operator = Operator::start(&installed, "checked", &args).await?;
    stage.apply(&[namespace("releases")]).await?;
    author_lists_the_workload(&stage).await?;
    nothing_is_asked_while_nobody_waits(&stage).await?;
    each_check_says_what_it_lacks(&stage).await?;
    all_pass(&stage, &answers).await?;
    a_right_that_was_taken_from_the_author_stops_the_release_until_it_is_back(&stage).await?;
    assert!(operator.stop().await?.success());
    Ok(())
}

fn endpoints(site: &str) -> String {
    format!(
        "endpoints:
  site: {{kind: Http, url: '{site}/healthz', private: true}}
  inside: {{kind: Http, url: '{site}/secret'}}
  theirs: {{kind: Http, url: '{site}/healthz', private: true, namespaces: [elsewhere]}}
  metrics: {{kind: Prometheus, url: '{site}', private: true}}
"
    )
}

/// A web server: it answers as long as it is told to, and as Prometheus to queries.
async fn site() -> Done<(String, tokio::sync::watch::Sender<(u16, &'static str)>)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (say, said) = tokio::sync::watch::channel((503, "2.5"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (status, value) = *said.borrow();
            let mut request = [0; 2048];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let query = request[..read].starts_with(b"GET /api/v1/query?");
            let body = json!({"status": "success", "data": {"resultType": "scalar", "result": [1, value]}}).to_string();
            let (status, body) = if query { (200, body) } else { (status, "the body is nobody's business".to_owned()) };
            let answer =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    Ok((url, say))
}

/// The team is written by somebody whose rights come from a group.
async fn author_lists_the_workload(stage: &Stage<'_>) -> Done {
    let installed = stage.installed;
    let plane = &installed.plane;
    stage.apply(&own_team(TEAM, &[])[..1]).await?;
    plane.grant("admin", Subject::Group("checkers"), Some(TEAM)).await?;
    let mut team = own_team(TEAM, &["app"]).remove(1);
    team["spec"]["independentChanges"] = json!("Held");
    team["spec"]["signOff"] = Value::Null;
    let every = |mut check: Value| {
        check["every"] = json!("5s");
        check
    };
    team["spec"]["checks"] = json!([
        every(json!({"name": "available", "workload": {"kind": "Deployment", "name": "other"}})),
        every(
            json!({"name": "enough", "replicas": {"workload": {"kind": "Deployment", "name": "other"}, "atLeast": 2}})
        ),
        every(json!({"name": "thawed", "noActiveFreeze": {}})),
        every(
            json!({"name": "quota", "condition": {"apiVersion": "v1", "kind": "Pod", "name": "none", "type": "Ready", "status": "True"}})
        ),
        every(json!({"name": "site", "http": {"endpoint": "site"}})),
        every(json!({"name": "inside", "http": {"endpoint": "inside"}})),
        every(json!({"name": "theirs", "http": {"endpoint": "theirs"}})),
        every(
            json!({"name": "errors", "prometheus": {"endpoint": "metrics", "query": "sum(errors)", "comparison": "Below", "threshold": "1.5"}})
        ),
        every(json!({"name": "budget", "controllerName": ANSWERER, "timeout": "5s"})),
    ]);
    team["metadata"]["namespace"] = json!(TEAM);
    let ada = plane.user("ada", &["checkers"])?;
    let text = rollcall::manifests::to_yaml(&[team]);
    installed.until("ada may write", || async { Ok(installed.apply(&ada, &text).await.ok()) }).await?;
    let stamped = stage.read(NAMED).await?["metadata"]["annotations"].clone();
    assert_eq!(stamped["rollcall.dev/author"], "ada");
    assert!(stamped["rollcall.dev/author-groups"].as_str().is_some_and(|g| g.lines().any(|l| l == "checkers")));
    Ok(())
}

async fn nothing_is_asked_while_nobody_waits(stage: &Stage<'_>) -> Done {
    stage.apply(&[app(TEAM, "app", "1")]).await?;
    let seen = stage
        .until("the team was looked at", NAMED, |t| t["status"]["workloads"][0]["heldTemplate"].is_string())
        .await?;
    assert!(seen["status"]["checks"].is_null(), "{}", seen["status"]["checks"]);
    Ok(())
}

fn check<'a>(team: &'a Value, name: &str) -> &'a Value {
    let all = team["status"]["checks"].as_array();
    all.into_iter().flatten().find(|c| c["name"] == name).unwrap_or(&Value::Null)
}

/// A release waits, and each check is asked: what does not pass is told with its reason, and nothing of it is an error.
async fn each_check_says_what_it_lacks(stage: &Stage<'_>) -> Done {
    stage.apply(&[plan(TEAM, &[("app", TEAM, ("Deployment", "app"), &[])])]).await?;
    let expected = [
        ("available", "Retry", "does not exist"),
        ("enough", "Retry", "does not exist"),
        ("thawed", "Ready", "no freeze"),
        ("quota", "Rejected", "may not read objects of kind Pod"),
        ("site", "Retry", "it answers 503"),
        ("inside", "Rejected", "not marked private"),
        ("theirs", "Rejected", "no Http endpoint theirs is defined for namespace checked"),
        ("errors", "Retry", "a value is 2.5"),
        ("budget", "Retry", "no answer within 5 s"),
    ];
    let told = stage
        .until("each check has said its own", NAMED, |team| {
            expected.iter().all(|(name, state, words)| {
                let check = check(team, name);
                check["state"] == *state && check["message"].as_str().is_some_and(|m| m.contains(words))
            })
        })
        .await?;
    assert!(!told["status"].to_string().contains("nobody's business"), "a body is shown");
    let said = stage
        .until("the release says so", release_named(TEAM), |r| {
            let codes = blocker_codes(r);
            codes.iter().filter(|c| *c == "RC061").count() == 3 && codes.iter().filter(|c| *c == "RC062").count() == 5
        })
        .await?;
    assert!(said["status"]["blockers"].to_string().contains("rollcall.dev/aggregate-to-checks"), "the remedy is told");
    assert!(held(&stage.read(("Deployment", TEAM, "app")).await?));
    Ok(())
}

/// What was lacking comes, one after the other; the last answer lets the release go, and not before.
async fn all_pass(stage: &Stage<'_>, site: &tokio::sync::watch::Sender<(u16, &'static str)>) -> Done {
    let installed = stage.installed;
    site.send((200, "0.5"))?;
    let grant = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "rollcall-reads-pods", "labels": {"rollcall.dev/aggregate-to-checks": "true"}},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]});
    installed.apply(&installed.admin, &rollcall::manifests::to_yaml(&[grant])).await?;
    let mut other = app(TEAM, "other", "1");
    other["metadata"]["labels"].as_object_mut().ok_or("labels")?.remove("rollcall.dev/gate");
    stage.apply(&[other]).await?;
    stage
        .until("the Pod is looked for", NAMED, |t| {
            check(t, "quota")["message"].as_str().is_some_and(|m| m.contains("Pod none does not exist"))
        })
        .await?;
    stage
        .until("what runs, and the site, pass", NAMED, |t| {
            ["available", "enough", "thawed", "site", "errors"].iter().all(|name| check(t, name)["state"] == "Ready")
        })
        .await?;
    let ada = installed.plane.user("ada", &["checkers"])?;
    let keep = ["thawed", "site", "errors", "budget"];
    let checks = stage.read(NAMED).await?["spec"]["checks"].as_array().cloned().unwrap_or_default();
    let kept: Vec<Value> = checks.into_iter().filter(|c| keep.iter().any(|name| c["name"] == *name)).collect();
    let patch = json!([{"op": "replace", "path": "/spec/checks", "value": kept}]).to_string();
    let change = ["patch", "teamreadiness", TEAM, "-n", TEAM, "--type=json", "-p", &patch];
    installed.plane.kubectl(&ada).args(change).run().await?.success()?;
    stage
        .until("only the budget is missing", release_named(TEAM), |r| {
            blocker_codes(r).iter().all(|c| c == "RC062" || c == "RC063") && blocker_codes(r).len() == 1
        })
        .await?;
    assert!(held(&stage.read(("Deployment", TEAM, "app")).await?));
    the_budget_is_answered(stage).await?;
    stage.runs(TEAM, "app", "1").await?;
    stage.completed(TEAM).await?;
    Ok(())
}

/// Only who may answer for the controller does, and writes nothing else.
async fn the_budget_is_answered(stage: &Stage<'_>) -> Done {
    let plane = &stage.installed.plane;
    let role = |name: &str, controller: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": [
            {"apiGroups": ["rollcall.dev"], "resources": ["teamreadinesses"], "verbs": ["get"]},
            {"apiGroups": ["rollcall.dev"], "resources": ["teamreadinesses/status"], "verbs": ["patch"]},
            {"apiGroups": ["rollcall.dev"], "resources": ["checkcontrollers"], "resourceNames": [controller], "verbs": ["answer"]}]})
    };
    let roles = [role("answers-budget", ANSWERER), role("answers-other", "example.com/other")];
    stage.installed.apply(&stage.installed.admin, &rollcall::manifests::to_yaml(&roles)).await?;
    for (role, name) in [("answers-budget", "budget"), ("answers-other", "other")] {
        plane.service_account(TEAM, name).await?;
        plane.grant(role, Subject::ServiceAccount(TEAM, name), Some(TEAM)).await?;
    }
    let budget = Caller::new(&plane.service_account(TEAM, "budget").await?);
    let other = Caller::new(&plane.service_account(TEAM, "other").await?);
    let path = format!("/apis/rollcall.dev/v1alpha1/namespaces/{TEAM}/teamreadinesses/{TEAM}/status");
    let now = stage.read(NAMED).await?;
    let answer = |condition: &str, status: &str| {
        json!({"apiVersion": "rollcall.dev/v1alpha1", "kind": "TeamReadiness", "metadata": {"name": TEAM},
            "status": {"conditions": [{"type": condition, "status": status, "reason": "Fine", "message": "enough is left",
                "observedGeneration": now["metadata"]["generation"], "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})
    };
    let apply = async |who: &Caller, body: &Value| {
        who.send("PATCH", &format!("{path}?fieldManager=budget&force=true"), "application/apply-patch+yaml", Some(body))
            .await
    };
    let refused = |reply: Result<Value, (u16, String)>, words: &str| match reply {
        Err((403, why)) => assert!(why.contains(words), "{why}"),
        other => panic!("{other:?}"),
    };
    refused(
        apply(&other, &answer("Check/budget", "True")).await,
        "may not answer for the controller example.com/budget",
    );
    refused(apply(&budget, &answer("Check/site", "True")).await, "is written by rollcall only");
    refused(apply(&budget, &answer("Check/nothing", "True")).await, "is written by rollcall only");
    refused(apply(&budget, &answer("Ready", "False")).await, "is written by rollcall only");
    let mut more = answer("Check/budget", "True");
    more["status"]["observedGeneration"] = json!(99);
    refused(apply(&budget, &more).await, "is written by rollcall only");
    apply(&budget, &answer("Check/budget", "True")).await.map_err(|e| format!("{e:?}"))?;
    Ok(())
}

/// What the team lets go by itself stops, too: its author is asked about before each action, whoever's it is.
async fn a_right_that_was_taken_from_the_author_stops_the_release_until_it_is_back(stage: &Stage<'_>) -> Done {
    let installed = stage.installed;
    let ada = installed.plane.user("ada", &["checkers"])?;
    let of_nobody = ["/spec/checks", "/spec/independentChanges"].map(|path| json!({"op": "remove", "path": path}));
    let patch = json!(of_nobody).to_string();
    let change = ["patch", "teamreadiness", TEAM, "-n", TEAM, "--type=json", "-p", &patch];
    installed.plane.kubectl(&ada).args(change).run().await?.success()?;
    let bindings = installed.kubectl(&["get", "rolebindings", "-n", TEAM, "-o", "json"]).await?;
    let all: Value = serde_json::from_str(&bindings)?;
    let binding = all["items"].as_array().into_iter().flatten().find(|b| b["subjects"][0]["name"] == "checkers");
    let name = binding.and_then(|b| b["metadata"]["name"].as_str()).ok_or("the binding")?.to_owned();
    installed.kubectl(&["delete", "rolebinding", &name, "-n", TEAM]).await?;
    stage.apply(&[app(TEAM, "app", "2")]).await?;
    let may_not = "ada, who wrote TeamReadiness checked/checked";
    stage.until("the change does not go by itself", NAMED, |t| message_of(t, "app").contains(may_not)).await?;
    assert!(held(&stage.read(("Deployment", TEAM, "app")).await?));
    stage.apply(&[plan("borrowed", &[("app", TEAM, ("Deployment", "app"), &[])])]).await?;
    let named = release_named("borrowed");
    let said = stage.until("its author may not", named, |r| blocker_codes(r).contains(&"RC018".into())).await?;
    assert!(said["status"]["blockers"].to_string().contains(may_not));
    assert!(held(&stage.read(("Deployment", TEAM, "app")).await?));
    installed.plane.grant("admin", Subject::Group("checkers"), Some(TEAM)).await?;
    // Rights are not watched; the next write makes the operator look again.
    installed
        .until("the release goes", || async {
            let poke = json!({"metadata": {"annotations": {"poke": chrono::Utc::now().to_rfc3339()}}});
            stage.patch(("Deployment", TEAM, "app"), poke).await?;
            let object = stage.read(("Deployment", TEAM, "app")).await?;
            Ok((!held(&object)).then_some(()))
        })
        .await?;
    stage.runs(TEAM, "app", "2").await?;
    stage.completed("borrowed").await?;
    stage.apply(&[app(TEAM, "app", "3")]).await?;
    stage.runs(TEAM, "app", "3").await?;
    Ok(())
}
