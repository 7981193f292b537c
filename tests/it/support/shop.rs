//! The story that tests and demo play: a database migration, then the API, then two frontends, of three
//! teams (data, core, ui), led by Lena.

use serde_json::{Value, json};

use super::recorder::tag;
use super::{Done, Installed, blocker_codes, namespace};
use control_plane::Access;
use rollcall::manifests::to_yaml;

/// The steps, with their team and workload.
pub const STEPS: [(&str, &str, &str, &str); 4] = [
    ("migrate", "data", "Job", "ledger-migrate"),
    ("api", "core", "Deployment", "api"),
    ("web", "ui", "Deployment", "web"),
    ("admin", "ui", "Deployment", "admin"),
];

/// A Deployment of a team. `version` is its image's tag.
pub fn deployment(namespace: &str, name: &str, team: &str, app: &str, version: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": name, "labels": {"rollcall.dev/gate": team, "app": app}},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": 60,
            "selector": {"matchLabels": {"app": app}},
            "template": {
                "metadata": {"labels": {"app": app}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": app, "image": format!("registry.example/{app}:{version}")}]}}}})
}

/// A Job of a team.
pub fn job(namespace: &str, name: &str, team: &str, version: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"namespace": namespace, "name": name, "labels": {"rollcall.dev/gate": team}},
        "spec": {"backoffLimit": 0, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": format!("registry.example/{name}:{version}")}]}}}})
}

/// A team's readiness: it lists its workloads, consents to releases of the namespace `releases`, and its
/// lead must sign.
pub fn team(name: &str, workloads: &[(&str, &str)]) -> Value {
    let workloads: Vec<Value> = workloads.iter().map(|(kind, name)| json!({"kind": kind, "name": name})).collect();
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "TeamReadiness",
        "metadata": {"namespace": name, "name": name},
        "spec": {
            "workloads": workloads,
            "allow": [{"namespace": "releases", "actions": ["Hold", "Release", "Rollback"]}],
            "signOff": {"required": [{"role": "lead", "requireHuman": true}], "validFor": "24h"},
            "contact": {"ask": format!("#{name} in chat")}}})
}

/// The release of the story.
pub fn release(name: &str) -> Value {
    let participant = |team: &str, what: &str| json!({"name": team, "team": {"namespace": team, "name": team}, "role": "Required", "responsibility": what});
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "CoordinatedRelease",
        "metadata": {"namespace": "releases", "name": name},
        "spec": {
            "owner": {"name": "Lena", "contact": "#releases"},
            "participants": [
                participant("data", "Run and watch the ledger migration"),
                participant("core", "Watch the error budget of the API"),
                participant("ui", "Click through checkout and admin")],
            "steps": [
                {"name": "migrate", "participant": "data", "workload": {"kind": "Job", "name": "ledger-migrate"}, "estimate": "5m", "reversible": false},
                {"name": "api", "participant": "core", "workload": {"kind": "Deployment", "name": "api"}, "dependsOn": ["migrate"], "estimate": "5m"},
                {"name": "web", "participant": "ui", "workload": {"kind": "Deployment", "name": "web"}, "dependsOn": ["api"], "estimate": "5m"},
                {"name": "admin", "participant": "ui", "workload": {"kind": "Deployment", "name": "admin"}, "dependsOn": ["api"], "estimate": "5m"}]}})
}

/// All workloads of the story in one version. The Job is new in each version.
pub fn manifests(version: &str) -> Vec<Value> {
    vec![
        job("data", "ledger-migrate", "data", version),
        deployment("core", "api", "core", "api", version, 3),
        deployment("ui", "web", "ui", "web", version, 2),
        deployment("ui", "admin", "ui", "admin", version, 2),
    ]
}

/// An Allow window over the whole week but no other: open at any time.
pub fn always_open() -> Value {
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "DeploymentWindow",
        "metadata": {"namespace": "rollcall-system", "name": "always"},
        "spec": {"type": "Allow", "timeZone": "Europe/Berlin", "reason": "Office hours, on-call present",
            "namespaceSelector": {},
            "schedule": [{"name": "all-week", "weekly": {"days": ["Mon-Sun"], "from": "00:00", "until": "24:00"}}]}})
}

/// A Freeze of the namespaces that are labelled tier=prod, between two instants given in UTC wall-clock time.
pub fn freeze(name: &str, from: &str, until: &str) -> Value {
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "DeploymentWindow",
        "metadata": {"namespace": "rollcall-system", "name": name},
        "spec": {"type": "Freeze", "timeZone": "UTC", "reason": "Quiet days",
            "namespaceSelector": {"matchLabels": {"tier": "prod"}},
            "schedule": [{"name": "quiet", "dates": {"from": from, "until": until}}]}})
}

/// The people of the story.
pub struct People {
    pub lena: Access,
    pub dana: Access,
    pub cora: Access,
    pub uma: Access,
    pub flux: Access,
}

impl People {
    /// The lead of a team.
    pub fn lead_of(&self, team: &str) -> &Access {
        match team {
            "data" => &self.dana,
            "core" => &self.cora,
            _ => &self.uma,
        }
    }
}

/// Creates namespaces, teams and people, with the rights that the README tells admins to give.
pub async fn open_shop(installed: &Installed) -> Done<People> {
    let namespaces: Vec<Value> = ["data", "core", "ui", "releases"].into_iter().map(namespace).collect();
    installed.apply(&installed.admin, &to_yaml(&namespaces)).await?;
    let mut rights = vec![bound("releases", "lena", "admin")];
    for (team, lead) in [("data", "dana"), ("core", "cora"), ("ui", "uma")] {
        rights.push(bound(team, lead, "admin"));
        rights.push(may_sign(team));
        rights.push(signer(team, lead));
    }
    installed.apply(&installed.admin, &to_yaml(&rights)).await?;
    let flux = installed.plane.service_account("flux-system", "kustomize-controller").await?;
    let subject = control_plane::Subject::ServiceAccount("flux-system", "kustomize-controller");
    installed.plane.grant("cluster-admin", subject, None).await?;
    let user = |name: &str, group: &str| installed.plane.user(name, &[group]);
    let people = People {
        lena: user("lena", "leads")?,
        dana: user("dana", "team-data")?,
        cora: user("cora", "team-core")?,
        uma: user("uma", "team-ui")?,
        flux,
    };
    let teams = [
        (&people.dana, team("data", &[("Job", "ledger-migrate")])),
        (&people.cora, team("core", &[("Deployment", "api")])),
        (&people.uma, team("ui", &[("Deployment", "web"), ("Deployment", "admin")])),
    ];
    for (who, team) in teams {
        installed
            .until("the team's lead may write its readiness", || async {
                Ok(installed.apply(who, &to_yaml(std::slice::from_ref(&team))).await.ok())
            })
            .await?;
    }
    Ok(people)
}

fn bound(namespace: &str, user: &str, role: &str) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"namespace": namespace, "name": format!("{user}-{role}")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]})
}

fn may_sign(team: &str) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"namespace": team, "name": "sign-off"},
        "rules": [{"apiGroups": ["rollcall.dev"], "resources": ["teamreadinesses"], "resourceNames": [team], "verbs": ["signoff"]}]})
}

fn signer(team: &str, user: &str) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"namespace": team, "name": format!("{user}-signs")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "sign-off"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]})
}

/// The lead of a team says Go for a digest of a release.
pub async fn sign(installed: &Installed, people: &People, team: &str, release: &str, digest: &str) -> Done {
    let sign_off =
        json!([{"release": format!("releases/{release}"), "role": "lead", "decision": "Go", "digest": digest}]);
    let patch = json!({"spec": {"signOffs": sign_off}}).to_string();
    let out = installed
        .plane
        .kubectl(people.lead_of(team))
        .args(["patch", "teamreadiness", team, "-n", team, "--type=merge", "-p", &patch])
        .run()
        .await?;
    out.success()?;
    Ok(())
}

/// The old version runs everywhere, let go by its own teams: with no release, open windows are enough.
pub async fn old_version_runs(installed: &Installed, people: &People) -> Done {
    let old: Vec<Value> = manifests("1").into_iter().filter(|m| m["kind"] == "Deployment").collect();
    installed.apply(&people.flux, &to_yaml(&old)).await?;
    for (namespace, name) in [("core", "api"), ("ui", "web"), ("ui", "admin")] {
        installed
            .until(&format!("version 1 of {name} runs"), || async {
                let found = installed.get("deployment", namespace, name).await?.unwrap_or_default();
                Ok((found["status"]["availableReplicas"] == found["spec"]["replicas"]).then_some(()))
            })
            .await?;
    }
    Ok(())
}

/// The digest once every member of the release has its content of this version, held.
pub async fn complete_digest(installed: &Installed, release: &str, version: &str) -> Done<String> {
    installed
        .until("every step has held content and a digest is published for it", || async {
            let found = installed.get("coordinatedrelease", "releases", release).await?.unwrap_or_default();
            let mut all_held = true;
            for (_, namespace, kind, name) in STEPS {
                let workload = installed.get(kind, namespace, name).await?.unwrap_or_default();
                all_held &=
                    tag(&workload) == version && workload["metadata"]["annotations"]["rollcall.dev/hold"] == "policy";
            }
            let again = installed.get("coordinatedrelease", "releases", release).await?.unwrap_or_default();
            let settled = found["status"]["digest"] == again["status"]["digest"]
                && found["status"]["blockers"] == again["status"]["blockers"];
            let codes = blocker_codes(&again);
            let complete = all_held
                && settled
                && codes.iter().all(|c| c == "RC051" || c == "RC071")
                && codes.contains(&"RC051".to_owned());
            Ok(complete.then(|| again["status"]["digest"].as_str().unwrap_or_default().to_owned()))
        })
        .await
}
