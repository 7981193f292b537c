//! Everything that a decision about one release is made on, read once, as the person may see it. What they may not
//! see is said; nothing is concluded from what was not read.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::api::RefusalKind;
use super::examined::is_hidden;
pub use super::examined::{Blocked, Examined};
use super::hold::hold;
use super::{Cluster, Refusal, nearest, windows};
use crate::api::conditions::cut;
use crate::api::fields::WorkloadKind;
use crate::api::names::STOP;
use crate::api::release::UNDER_WAY;
use crate::cli::Failure;
use crate::cluster::objects::{self, Release, Team, decode};
use crate::cluster::workloads::{self, Workload};
use crate::cluster::writes::{CONFIG_MAPS, JOBS, NAMESPACES, RELEASES, Resource, TEAMS};
use crate::controllers::facts;
use crate::controllers::release::situation::{Around, Circumstances, teams, view, workloads_named};
use crate::controllers::release::{View, blocker_status, is_reopened};
use crate::domain::ObjectName;
use crate::domain::scheduling::{Blocker, Cause, decide};

/// How long a workload without a change may still get one: the operator's default.
pub const SETTLE: TimeDelta = TimeDelta::seconds(30);

/// Reads a release by its name.
///
/// # Errors
///
/// When there is none, or it cannot be read; with the nearest name.
pub async fn release(cluster: &Cluster, name: &ObjectName) -> Result<Arc<Release>, Failure> {
    let found = cluster.api.get(RELEASES, &name.namespace, &name.name).await.map_err(|r| r.told(&cluster.api))?;
    let Some(found) = found else {
        return Err(unknown(cluster, RELEASES, name).await);
    };
    as_release(&found).map(Arc::new).map_err(|why| {
        let help = format!("kubectl get crel {} -n {} -o yaml", name.name, name.namespace);
        Failure::unreachable(format!("CoordinatedRelease {name} cannot be read by this version"), help).because_of(why)
    })
}

/// A release from the API server's JSON.
///
/// # Errors
///
/// What is wrong with it.
pub fn as_release(value: &Value) -> Result<Release, String> {
    decode(&value.to_string())
}

/// An object that does not exist, with what was probably meant.
pub async fn unknown(cluster: &Cluster, resource: Resource, name: &ObjectName) -> Failure {
    let what = format!("{} {name}: not found", resource.kind);
    let listed = cluster.api.list(resource, "", "").await;
    let listed = match listed {
        Err(_) => cluster.api.list(resource, &name.namespace, "").await.unwrap_or_default(),
        Ok(all) => all,
    };
    let text = |o: &Value, field: &str| o["metadata"][field].as_str().unwrap_or_default().to_owned();
    let all: Vec<(String, String)> = listed.iter().map(|o| (text(o, "namespace"), text(o, "name"))).collect();
    let verb = if resource == TEAMS { "owed" } else { "status" };
    if let Some((namespace, found)) = all.iter().find(|(_, n)| *n == name.name) {
        return Failure::unreachable(what, format!("it is in another namespace: add -n {namespace} for {found}"));
    }
    let near = nearest(&name.name, all.iter().filter(|(ns, _)| *ns == name.namespace).map(|(_, n)| n.as_str()));
    let near = near.or_else(|| nearest(&name.name, all.iter().map(|(_, n)| n.as_str())));
    let Some(near) = near else {
        return Failure::unreachable(what, format!("see what there is: {} {verb} -A", super::super::invoked_as()));
    };
    let namespace = all.iter().find(|(_, n)| n == near).map_or("", |(ns, _)| ns);
    let elsewhere = if *namespace == name.namespace { String::new() } else { format!(" -n {namespace}") };
    Failure::unreachable(what, format!("did you mean {near}{elsewhere}?"))
}

/// Everything around a release, and what the operator decides on it, at `at` or now.
///
/// # Errors
///
/// When something could not be read for another reason than that the person may not.
pub async fn examine(cluster: &Cluster, release: Arc<Release>, at: Option<DateTime<Utc>>) -> Result<Examined, Failure> {
    if let Some(how) = ended(&release) {
        let now = cluster.now();
        let (sound, blockers, unseen) = (None, Vec::new(), Vec::new());
        return Ok(Examined {
            release,
            at: at.unwrap_or(now),
            now,
            sound,
            blockers,
            unseen,
            platform: cluster.platform.clone(),
            mend: None,
            ended: Some(how),
            reported: false,
        });
    }
    let mut unseen = Vec::new();
    let around = around(cluster, &release, &mut unseen).await?;
    let hold = hold(cluster, &mut unseen).await?;
    let stop = cluster.api.get(CONFIG_MAPS, &cluster.platform, STOP).await;
    let stopped = match seen(cluster, stop, &mut unseen)? {
        Some(found) => found.map(|map| stop_reason(&map)),
        // Whoever may not read it is told what the operator reported of it.
        None => reported_stop(&release),
    };
    let now = cluster.now();
    let circumstances = Circumstances {
        now: at.unwrap_or(now),
        skew: None,
        settle: SETTLE,
        platform: cluster.platform.clone(),
        stopped,
        policies_missing: hold.missing,
    };
    let (sound, blockers) = match view(&circumstances, release.clone(), &around) {
        View::Sound { situation, .. } => {
            let decision = decide(&situation);
            let blockers = decision.blockers.clone();
            (Some((*situation, decision)), blockers)
        }
        View::Faulty { faults, .. } => (None, vec![Blocker::invalid(&faults)]),
    };
    let old = &release.status.blockers;
    let blockers = blockers.into_iter().filter(|b| !is_hidden(&b.cause, &unseen));
    let blockers = blockers.map(|b| Blocked { said: blocker_status(old, &b, now), cause: Some(b.cause) }).collect();
    Ok(Examined {
        release,
        at: circumstances.now,
        now,
        sound,
        blockers,
        unseen,
        platform: cluster.platform.clone(),
        mend: Some(hold.mend),
        ended: None,
        reported: false,
    })
}

/// Why everything is stopped, as the operator reads it.
pub fn stop_reason(config_map: &Value) -> String {
    cut(config_map["data"]["reason"].as_str().unwrap_or_default(), 256)
}

/// Whether a release has ended, and stays so.
#[must_use]
pub fn over(release: &Release) -> bool {
    release.status.finished == Some(true) && !is_reopened(release)
}

/// Why everything is stopped, if the operator says so on the release.
fn reported_stop(release: &Release) -> Option<String> {
    let code = Cause::Stopped { reason: String::new() }.code().to_string();
    let said = release.status.blockers.iter().find(|b| b.code == code)?;
    Some(said.message.split_once(": ").map_or_else(String::new, |(_, reason)| reason.to_owned()))
}

/// How a release ended, in the operator's word for it. One that is asked back is about to be live again.
fn ended(release: &Release) -> Option<String> {
    let ready = release.status.conditions.iter().find(|c| c.type_ == "Ready");
    let how = ready.map_or("Completed".to_owned(), |c| c.reason.clone());
    over(release).then_some(how)
}

/// The objects around a release.
async fn around(cluster: &Cluster, release: &Release, unseen: &mut Vec<String>) -> Result<Around, Failure> {
    let mut around = Around::default();
    windows::read(cluster, release, &mut around, unseen).await?;
    others(cluster, release, &mut around, unseen).await?;
    let names = teams(release);
    let reads = names.iter().map(|name| cluster.api.get(TEAMS, &name.namespace, &name.name));
    for (name, found) in names.iter().zip(futures::future::join_all(reads).await) {
        let Some(found) = seen(cluster, found, unseen)?.flatten() else {
            continue;
        };
        match decode(&found.to_string()) {
            Ok(team) => drop(around.teams.insert(name.clone(), Arc::<Team>::new(team))),
            Err(why) => drop(around.unreadable_teams.insert(name.clone(), why)),
        }
    }
    let named = workloads_named(release);
    let reads = named.iter().map(|(kind, namespace, name)| cluster.api.get(Resource::of(*kind), namespace, name));
    for ((kind, ..), found) in named.iter().zip(futures::future::join_all(reads).await) {
        let found = seen(cluster, found, unseen)?.flatten();
        if let Some(workload) = found.and_then(|f| workloads::decode(*kind, &f.to_string()).ok()) {
            let workload = with_runs(cluster, workload, unseen).await?;
            around.workloads.insert(facts::workload(&workload).name, workload);
        }
    }
    let namespaces: std::collections::BTreeSet<&str> = names.iter().map(|n| n.namespace.as_str()).collect();
    let reads = namespaces.iter().map(|name| cluster.api.get(NAMESPACES, "", name));
    for (name, found) in namespaces.iter().zip(futures::future::join_all(reads).await) {
        if let Some(found) = seen(cluster, found, unseen)?.flatten() {
            around.namespaces.insert((*name).to_owned(), labels(&found));
        }
    }
    Ok(around)
}

/// The labels of an object.
pub(super) fn labels(object: &Value) -> BTreeMap<String, String> {
    let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
    labels.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}

/// A workload with all that is known of its progress: that of a CronJob is told by its Jobs.
async fn with_runs(cluster: &Cluster, workload: Workload, unseen: &mut Vec<String>) -> Result<Workload, Failure> {
    if workload.kind != WorkloadKind::CronJob {
        return Ok(workload);
    }
    let jobs = cluster.api.list(JOBS, &workload.key.namespace, "").await;
    let jobs = seen(cluster, jobs, unseen)?.unwrap_or_default();
    let jobs = jobs.iter().filter_map(|job| workloads::decode(WorkloadKind::Job, &job.to_string()).ok());
    let progress = workloads::progress_of(&workload, jobs);
    Ok(Workload { progress, ..workload })
}

/// What was read; `None`, and noted, if the person may not read it.
///
/// # Errors
///
/// When it could not be read for another reason.
pub fn seen<T>(cluster: &Cluster, read: Result<T, Refusal>, unseen: &mut Vec<String>) -> Result<Option<T>, Failure> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(refusal) if refusal.kind == RefusalKind::Forbidden => {
            unseen.push(refusal.what);
            Ok(None)
        }
        Err(refusal) => Err(refusal.told(&cluster.api)),
    }
}

/// The other live releases.
async fn others(
    cluster: &Cluster,
    release: &Release,
    around: &mut Around,
    unseen: &mut Vec<String>,
) -> Result<(), Failure> {
    let live = &format!("&fieldSelector={UNDER_WAY}");
    let found = match cluster.api.list(RELEASES, "", live).await {
        Err(refusal) if refusal.kind == RefusalKind::Forbidden => {
            unseen.push("coordinatedreleases of other namespaces".to_owned());
            let read = cluster.api.list(RELEASES, &release.meta.key.namespace, live).await;
            seen(cluster, read, unseen)?.unwrap_or_default()
        }
        other => other.map_err(|r| r.told(&cluster.api))?,
    };
    let others = found.iter().filter_map(|v| as_release(v).ok()).filter(|r| r.meta.key != release.meta.key);
    around.others = others.map(Arc::new).collect();
    Ok(())
}

/// All objects of one of our kinds that the person asked for: in their namespace, or everywhere.
///
/// # Errors
///
/// When they could not be listed.
pub async fn all<S, T>(
    cluster: &Cluster,
    resource: Resource,
    everywhere: bool,
) -> Result<Vec<objects::Ours<S, T>>, Failure>
where
    S: serde::de::DeserializeOwned,
    T: serde::de::DeserializeOwned + Default,
{
    let scope = if everywhere { "" } else { cluster.namespace.as_str() };
    let found = cluster.api.list(resource, scope, "").await.map_err(|r| r.told(&cluster.api))?;
    Ok(found.iter().filter_map(|value| decode(&value.to_string()).ok()).collect())
}

/// The kind of workload that a person means: `deploy`, `Deployment`, `deployments`, or `deployment.apps` as kubectl
/// prints it. Of which group it is said to be does not matter: no other kind has one of these names.
#[must_use]
pub fn workload_kind(text: &str) -> Option<WorkloadKind> {
    let text = text.to_lowercase();
    Some(match text.split('.').next().unwrap_or_default() {
        "deployment" | "deployments" | "deploy" => WorkloadKind::Deployment,
        "statefulset" | "statefulsets" | "sts" => WorkloadKind::StatefulSet,
        "daemonset" | "daemonsets" | "ds" => WorkloadKind::DaemonSet,
        "job" | "jobs" => WorkloadKind::Job,
        "cronjob" | "cronjobs" | "cj" => WorkloadKind::CronJob,
        _ => return None,
    })
}

/// What the pods of a workload are made from: a CronJob has it a Job deeper.
#[must_use]
pub fn pod_template(kind: WorkloadKind, object: &Value) -> &Value {
    match kind {
        WorkloadKind::CronJob => &object["spec"]["jobTemplate"]["spec"]["template"],
        _ => &object["spec"]["template"],
    }
}

/// `container=image` of each container of a pod template.
#[must_use]
pub fn images(template: &Value) -> Vec<String> {
    let containers = template["spec"]["containers"].as_array().into_iter().flatten();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    containers.map(|c| format!("{}={}", text(&c["name"]), text(&c["image"]))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_of_workload_is_known_by_each_name_that_kubectl_takes_or_prints() {
        for (kind, names) in [
            (
                WorkloadKind::Deployment,
                "Deployment deployments deploy deployment.apps deployments.apps deployments.v1.apps",
            ),
            (WorkloadKind::StatefulSet, "StatefulSet statefulsets sts statefulset.apps statefulsets.apps"),
            (WorkloadKind::DaemonSet, "DaemonSet daemonsets ds daemonset.apps daemonsets.apps"),
            (WorkloadKind::Job, "Job jobs job.batch jobs.batch"),
            (WorkloadKind::CronJob, "CronJob cronjobs cj cronjob.batch cronjobs.batch"),
        ] {
            for name in names.split(' ') {
                assert_eq!(workload_kind(name), Some(kind), "{name}");
            }
        }
        for name in ["", "s", "d", "st", "service", "pod", ".apps"] {
            assert_eq!(workload_kind(name), None, "{name}");
        }
    }

    #[test]
    fn the_images_of_each_kind_are_found_where_the_kind_has_them() {
        let pod = json!({"spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}});
        let nightly = json!({"spec": {"jobTemplate": {"spec": {"template": pod}}}});
        for (kind, object) in
            [(WorkloadKind::CronJob, nightly), (WorkloadKind::Deployment, json!({"spec": {"template": pod}}))]
        {
            assert_eq!(images(pod_template(kind, &object)), ["web=registry.example/web:1"]);
        }
    }
}
