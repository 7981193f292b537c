//! The threats that the API server itself answers: each attack is tried with the policies in force, then without the
//! one that is said to stop it, and then again with it. Everything is a dry-run, which goes through authorization,
//! policies and schema all the same, so that an attack that succeeds harms no later one.

use control_plane::{Access, Subject};
use serde_json::{Value, json};

use crate::admission::asking::{Caller, Reply};
use crate::support::{Done, Installed, shop};
use rollcall::manifests::{Install, policies, to_yaml};

/// An attack: who does what to what, and how one sees that it worked.
struct Attack {
    threat: &'static str,
    /// What is taken away to see it succeed: purposes and subjects of bindings.
    control: &'static [&'static str],
    who: &'static str,
    path: &'static str,
    patch: Value,
    worked: fn(&Value) -> bool,
}

const TEAM: &str = "/apis/rollcall.dev/v1alpha1/namespaces/prey/teamreadinesses/prey";
const RELEASE: &str = "/apis/rollcall.dev/v1alpha1/namespaces/prey/coordinatedreleases/r1";
const HELD: &str = "/apis/apps/v1/namespaces/prey/deployments/api";

fn digest(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

fn word(letter: &str) -> Value {
    json!([{"op": "add", "path": "/spec/signOffs", "value": [
        {"release": "releases/r1", "role": "lead", "decision": "Go", "digest": digest(letter), "by": "lead"}]}])
}

fn attacks() -> Vec<Attack> {
    let mut all = against_our_kinds();
    all.extend(in_somebody_elses_name());
    all.extend(against_workloads());
    all
}

fn against_our_kinds() -> Vec<Attack> {
    vec![
        Attack {
            threat: "T1 a sign-off by somebody who may not give one, in the lead's name",
            control: &["stamp-signoff", "guard-signoff"],
            who: "dev",
            path: TEAM,
            patch: word("a"),
            worked: |o| o["spec"]["signOffs"][0]["by"] == "lead",
        },
        Attack {
            threat: "T1 a sign-off by one person in the name of another",
            control: &["stamp-signoff", "guard-signoff"],
            who: "second",
            path: TEAM,
            patch: word("b"),
            worked: |o| o["spec"]["signOffs"][0]["by"] == "lead",
        },
        Attack {
            threat: "T2 a grant that a cluster administrator writes into a release's status",
            control: &["guard-status"],
            who: "flux",
            path: "/apis/rollcall.dev/v1alpha1/namespaces/prey/coordinatedreleases/r1/status",
            patch: json!([{"op": "replace", "path": "/status/observedGeneration", "value": 99}]),
            worked: |o| o["status"]["observedGeneration"] == 99,
        },
        Attack {
            threat: "T2 a readiness that a cluster administrator writes into a team's status",
            control: &["guard-answer"],
            who: "flux",
            path: "/apis/rollcall.dev/v1alpha1/namespaces/prey/teamreadinesses/prey/status",
            patch: json!([{"op": "replace", "path": "/status/observedGeneration", "value": 99}]),
            worked: |o| o["status"]["observedGeneration"] == 99,
        },
    ]
}

fn in_somebody_elses_name() -> Vec<Attack> {
    vec![
        Attack {
            threat: "T9 an override by somebody without the verb, in somebody else's name",
            control: &["stamp-coordinatedrelease", "guard-coordinatedrelease"],
            who: "dev",
            path: RELEASE,
            patch: json!([{"op": "add", "path": "/spec/override", "value": {"reason": "r", "ticket": "T",
                "skip": ["Freeze"], "until": "2030-01-01T00:00:00Z", "by": "oncall"}}]),
            worked: |o| o["spec"]["override"]["by"] == "oncall",
        },
        Attack {
            threat: "T11 a release whose author is said to be somebody else, so that the author may sign it",
            control: &["stamp-coordinatedrelease", "guard-coordinatedrelease"],
            who: "dev",
            path: RELEASE,
            patch: json!([{"op": "add", "path": "/spec/onFailure", "value": "Halt"},
                {"op": "add", "path": "/metadata/annotations", "value": {"rollcall.dev/author": "lena"}}]),
            worked: |o| o["metadata"]["annotations"]["rollcall.dev/author"] == "lena",
        },
        Attack {
            threat: "T10 a list of workloads by somebody who may not patch them",
            control: &["guard-teamreadiness"],
            who: "novice",
            path: TEAM,
            patch: json!([{"op": "add", "path": "/spec/allow", "value": [{"namespace": "evil"}]}]),
            worked: |o| o["spec"]["allow"][0]["namespace"] == "evil",
        },
    ]
}

fn against_workloads() -> Vec<Attack> {
    let free = |o: &Value| o["spec"]["paused"] != true;
    vec![
        Attack {
            threat: "T5 un-pausing by hand or by GitOps",
            control: &["hold-deployment", "guard-deployment"],
            who: "flux",
            path: HELD,
            patch: json!([{"op": "replace", "path": "/spec/paused", "value": false}]),
            worked: free,
        },
        Attack {
            threat: "T5 taking the mark of the hold away with the hold",
            control: &["hold-deployment", "guard-deployment"],
            who: "dev",
            path: HELD,
            patch: json!([{"op": "remove", "path": "/spec/paused"},
                {"op": "remove", "path": "/metadata/annotations/rollcall.dev~1hold"}]),
            worked: free,
        },
        Attack {
            threat: "T6 removing the gate label of what is held",
            control: &["guard-deployment"],
            who: "dev",
            path: HELD,
            patch: json!([{"op": "remove", "path": "/metadata/labels/rollcall.dev~1gate"}]),
            worked: |o| o["metadata"]["labels"]["rollcall.dev/gate"].is_null(),
        },
        Attack {
            threat: "T19 the operator's token ships another image",
            control: &["bind-operator-deployment"],
            who: "operator",
            path: HELD,
            patch: json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil"}]),
            worked: |o| o["spec"]["template"]["spec"]["containers"][0]["image"] == "evil",
        },
        Attack {
            threat: "T19 the operator's token scales a workload away",
            control: &["bind-operator-deployment"],
            who: "operator",
            path: HELD,
            patch: json!([{"op": "replace", "path": "/spec/replicas", "value": 0}]),
            worked: |o| o["spec"]["replicas"] == 0,
        },
    ]
}

/// Each attack fails, succeeds without its control, and fails again with it.
pub async fn each_is_stopped_by_its_policy(installed: &Installed) -> Done {
    prepare(installed).await?;
    let bindings = bindings();
    for attack in attacks() {
        let caller = Caller::new(&access(installed, attack.who).await?);
        // What was given back after the attack before may take a moment to be in force.
        let what = format!("{} fails with {:?}", attack.threat, attack.control);
        installed.until(&what, || async { Ok(stopped(&caller, &attack).await.ok()) }).await?;
        let control: Vec<Value> = attack.control.iter().map(|name| bindings(name)).collect();
        for binding in &control {
            remove(installed, binding).await?;
        }
        let what = format!("{} succeeds without {:?}", attack.threat, attack.control);
        installed.until(&what, || async { Ok(succeeds(&caller, &attack).await.then_some(())) }).await?;
        installed.apply(&installed.admin, &to_yaml(&control)).await?;
        let what = format!("{} fails with {:?} again", attack.threat, attack.control);
        installed.until(&what, || async { Ok((!succeeds(&caller, &attack).await).then_some(())) }).await?;
    }
    Ok(())
}

/// A held Deployment, its team, a release, and people with the rights that an admin gives.
async fn prepare(installed: &Installed) -> Done {
    let mut team = shop::team("prey", &[("Deployment", "api")]);
    team["metadata"]["name"] = json!("prey");
    let release = json!({"apiVersion": "rollcall.dev/v1alpha1", "kind": "CoordinatedRelease",
        "metadata": {"namespace": "prey", "name": "r1"},
        "spec": {"participants": [{"name": "p", "team": {"namespace": "prey", "name": "prey"}, "responsibility": "Watch it"}],
            "steps": [{"name": "api", "participant": "p", "workload": {"kind": "Deployment", "name": "api"}}]}});
    let objects =
        [crate::support::namespace("prey"), team, release, shop::deployment("prey", "api", "prey", "api", "1", 1)];
    installed.apply(&installed.admin, &to_yaml(&objects)).await?;
    let plane = &installed.plane;
    plane.service_account("flux-system", "kustomize-controller").await?;
    for (role, subject) in [
        ("admin", Subject::User("dev")),
        ("rollcall-signoff", Subject::User("second")),
        ("rollcall-edit", Subject::User("novice")),
        ("rollcall-view", Subject::User("novice")),
    ] {
        plane.grant(role, subject, Some("prey")).await?;
    }
    plane.grant("cluster-admin", Subject::ServiceAccount("flux-system", "kustomize-controller"), None).await?;
    let dev = Caller::new(&plane.user("dev", &[])?);
    installed.until("dev may edit", || async { Ok(harmless(&dev).await.ok()) }).await?;
    Ok(())
}

async fn harmless(caller: &Caller) -> Reply {
    let patch = json!({"metadata": {"labels": {"a": "b"}}});
    caller.send("PATCH", &format!("{RELEASE}?dryRun=All"), "application/merge-patch+json", Some(&patch)).await
}

async fn access(installed: &Installed, who: &str) -> Done<Access> {
    let plane = &installed.plane;
    Ok(match who {
        "flux" => plane.service_account("flux-system", "kustomize-controller").await?,
        "operator" => plane.service_account("rollcall-system", "rollcall").await?,
        user => plane.user(user, &[])?,
    })
}

async fn attempt(caller: &Caller, attack: &Attack) -> Reply {
    let path = format!("{}?dryRun=All", attack.path);
    caller.send("PATCH", &path, "application/json-patch+json", Some(&attack.patch)).await
}

async fn succeeds(caller: &Caller, attack: &Attack) -> bool {
    attempt(caller, attack).await.is_ok_and(|stored| (attack.worked)(&stored))
}

/// The attack is refused, or made harmless in the same write; nothing else stops it, such as a wrong patch.
async fn stopped(caller: &Caller, attack: &Attack) -> Done {
    match attempt(caller, attack).await {
        Ok(stored) if !(attack.worked)(&stored) => Ok(()),
        Err((403, why)) if why.contains("rollcall: ") => Ok(()),
        other => Err(format!("{}: {other:?}", attack.threat).into()),
    }
}

/// The binding of a policy, by its purpose and subject, as it is installed.
fn bindings() -> impl Fn(&str) -> Value {
    let all = policies(&Install::in_namespace("rollcall-system"));
    move |name| {
        let name = format!("{name}.rollcall.dev");
        let found = all.iter().find(|o| {
            o["metadata"]["name"] == name.as_str() && o["kind"].as_str().is_some_and(|k| k.ends_with("PolicyBinding"))
        });
        found.cloned().unwrap_or_else(|| panic!("no binding {name}"))
    }
}

async fn remove(installed: &Installed, binding: &Value) -> Done {
    let kind = binding["kind"].as_str().unwrap_or_default().to_lowercase();
    let name = binding["metadata"]["name"].as_str().unwrap_or_default();
    installed.kubectl(&["delete", &kind, name]).await?;
    Ok(())
}
