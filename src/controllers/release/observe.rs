//! Everything that a decision about one release is made on, read once: from the stores, to see whether
//! there is anything to do, or fresh from the API server, before anything is let go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::View;
use crate::api::fields::WorkloadKind;
use crate::api::readiness::{TeamReadinessSpec, TeamReadinessStatus};
use crate::api::release::{CoordinatedReleaseSpec, CoordinatedReleaseStatus};
use crate::api::time::from_wire;
use crate::api::window::{DeploymentWindowSpec, DeploymentWindowStatus};
use crate::cluster::objects::{Release, Team, Window, decode};
use crate::cluster::workloads::{self, Workload};
use crate::cluster::writes::{ApiError, RELEASES, Resource, TEAMS, WINDOWS};
use crate::cluster::{ObjectKey, Projected, Undecodable};
use crate::controllers::facts::{self, Asking};
use crate::controllers::world::{BY_TEAM, BY_WORKLOAD, World, workload_index};
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::scheduling::situation::{Grant, InUse, Record, Situation, StepRecord, TeamFound, Work};
use crate::validate;

/// The objects around one release.
#[derive(Default)]
struct Around {
    teams: BTreeMap<ObjectName, Arc<Team>>,
    unreadable_teams: BTreeMap<ObjectName, String>,
    workloads: BTreeMap<WorkloadName, Workload>,
    windows: Vec<Arc<Window>>,
    unreadable_windows: Vec<Undecodable>,
    /// Other live releases that share a team or a workload with this one.
    others: Vec<Arc<Release>>,
}

/// What the stores say of a release.
pub fn cached(world: &World, release: Arc<Release>) -> View {
    let mut around = Around {
        windows: world.stores.windows.list(),
        unreadable_windows: world.stores.windows.all_undecodable(),
        others: others(world, &release),
        ..Around::default()
    };
    for participant in &release.spec.participants {
        let name = ObjectName::new(&participant.team.namespace, &participant.team.name);
        let key = facts::key(&name);
        if let Some(team) = world.stores.teams.get(&key) {
            around.teams.insert(name, team);
        } else if let Some(bad) = world.stores.teams.undecodable(&key) {
            around.unreadable_teams.insert(name, bad.message);
        }
    }
    for (kind, namespace, name) in workloads_named(&release) {
        let found = world.stores.workloads(kind).and_then(|s| s.get(&ObjectKey::new(namespace, name)));
        if let Some(found) = found {
            around.workloads.insert(facts::workload(&found).name, (*found).clone());
        }
    }
    view(world, release, &around)
}

/// What the API server says of a release now. `None` if it is gone, finished, or not readable.
///
/// # Errors
///
/// When something could not be read: then nothing may be concluded.
pub async fn fresh(world: &World, key: &ObjectKey) -> Result<Option<View>, ApiError> {
    let Some(text) = world.objects.get(RELEASES, &key.namespace, &key.name).await? else {
        return Ok(None);
    };
    let Ok(release) = decode::<CoordinatedReleaseSpec, CoordinatedReleaseStatus>(&text) else {
        return Ok(None);
    };
    if release.meta.terminating || release.status.finished == Some(true) {
        return Ok(None);
    }
    let release = Arc::new(release);
    let mut around = Around { others: fresh_others(world, &release).await?, ..Around::default() };
    for text in world.objects.list(WINDOWS, "").await? {
        match decode::<DeploymentWindowSpec, DeploymentWindowStatus>(&text) {
            Ok(window) => around.windows.push(Arc::new(window)),
            Err(_) => around.unreadable_windows = world.stores.windows.all_undecodable(),
        }
    }
    let reads = release.spec.participants.iter().map(|p| read_team(world, &p.team.namespace, &p.team.name));
    for (name, team) in futures::future::try_join_all(reads).await? {
        match team {
            Some(Ok(team)) => drop(around.teams.insert(name, Arc::new(team))),
            Some(Err(why)) => drop(around.unreadable_teams.insert(name, why)),
            None => {}
        }
    }
    let named = workloads_named(&release);
    let reads = named.iter().map(|(kind, namespace, name)| read_workload(world, *kind, namespace, name));
    for found in futures::future::try_join_all(reads).await?.into_iter().flatten() {
        around.workloads.insert(facts::workload(&found).name, found);
    }
    Ok(Some(view(world, release, &around)))
}

async fn read_team(
    world: &World,
    namespace: &str,
    name: &str,
) -> Result<(ObjectName, Option<Result<Team, String>>), ApiError> {
    let text = world.objects.get(TEAMS, namespace, name).await?;
    let team = text.map(|t| decode::<TeamReadinessSpec, TeamReadinessStatus>(&t));
    Ok((ObjectName::new(namespace, name), team))
}

/// The newest version of a workload. `None` if there is none, or if it cannot be read as one.
///
/// # Errors
///
/// When the API server does not say.
pub async fn read_workload(
    world: &World,
    kind: WorkloadKind,
    namespace: &str,
    name: &str,
) -> Result<Option<Workload>, ApiError> {
    let text = world.objects.get(Resource::of(kind), namespace, name).await?;
    Ok(text.and_then(|t| workloads::decode(kind, &t).ok()))
}

/// Other live releases, fresh if anything is shared that exists only so many times.
async fn fresh_others(world: &World, release: &Release) -> Result<Vec<Arc<Release>>, ApiError> {
    let shares = release.spec.steps.iter().any(|s| !s.requires.is_empty())
        || teams(release)
            .iter()
            .any(|t| world.stores.teams.get(&facts::key(t)).is_some_and(|t| t.spec.capacity.is_some()));
    if !shares {
        return Ok(others(world, release));
    }
    let texts = world.objects.list(RELEASES, "status.finished!=true").await?;
    let all = texts.iter().filter_map(|t| decode(t).ok()).filter(|r: &Release| r.meta.key != release.meta.key);
    Ok(all.map(Arc::new).collect())
}

fn teams(release: &Release) -> BTreeSet<ObjectName> {
    release.spec.participants.iter().map(|p| ObjectName::new(&p.team.namespace, &p.team.name)).collect()
}

fn others(world: &World, release: &Release) -> Vec<Arc<Release>> {
    let releases = &world.stores.releases;
    if release.spec.steps.iter().any(|s| !s.requires.is_empty()) {
        return releases.list().into_iter().filter(|r| r.meta.key != release.meta.key).collect();
    }
    let mut found: BTreeMap<ObjectKey, Arc<Release>> = BTreeMap::new();
    let by_team = teams(release).into_iter().flat_map(|t| releases.by_index(BY_TEAM, &t.to_string()));
    let by_workload = workloads_named(release)
        .into_iter()
        .flat_map(|(k, ns, n)| releases.by_index(BY_WORKLOAD, &workload_index(k, ns, n)));
    for other in by_team.chain(by_workload).filter(|r| r.meta.key != release.meta.key) {
        found.insert(other.key().clone(), other);
    }
    found.into_values().collect()
}

/// Kind, namespace and name of every workload that a release's steps name.
fn workloads_named(release: &Release) -> Vec<(WorkloadKind, &str, &str)> {
    let team_of = |step: &crate::api::release::Step| {
        let name = step.participant.as_ref()?;
        release.spec.participants.iter().find(|p| p.name == *name)
    };
    release
        .spec
        .steps
        .iter()
        .filter_map(|step| {
            let workload = step.workload.as_ref()?;
            Some((workload.kind, team_of(step)?.team.namespace.as_str(), workload.name.as_str()))
        })
        .collect()
}

fn view(world: &World, release: Arc<Release>, around: &Around) -> View {
    let meta = facts::meta(&release.meta);
    let plan = match validate::release(&meta, &release.spec) {
        Ok(plan) => plan,
        Err(faults) => return View::Faulty { release, faults },
    };
    // What is being deleted is as good as gone: nothing of it is let go any more.
    let workloads: BTreeMap<WorkloadName, _> =
        around.workloads.iter().filter(|(_, w)| !w.terminating).map(|(n, w)| (n.clone(), facts::workload(w))).collect();
    let situation = Situation {
        now: world.clock.now(),
        skew: world.skew(),
        record: record(&release.status),
        teams: sound_teams(&release, around),
        governance: governances(world, &release, around),
        claimed: claimed(&release, &plan.steps, &workloads, &around.others),
        in_use: around.others.iter().flat_map(|r| in_use(r)).collect(),
        resources: resources(&around.windows),
        settle: world.settings.settle,
        policies_missing: hold_trouble(world, around),
        evidence: evidence(around),
        release: plan,
        workloads,
    };
    View::Sound { release, situation: Box::new(situation) }
}

/// What keeps the API server from holding, for this release: a policy that is not there, or a workload
/// whose hold field somebody else uses.
fn hold_trouble(world: &World, around: &Around) -> Vec<String> {
    let mut trouble = world.policies_missing();
    trouble.extend(
        around.workloads.iter().filter_map(|(name, w)| w.owned_elsewhere.as_ref().map(|why| format!("{name}: {why}"))),
    );
    trouble
}

fn sound_teams(release: &Release, around: &Around) -> BTreeMap<ObjectName, TeamFound> {
    let mut teams: BTreeMap<ObjectName, TeamFound> =
        around.unreadable_teams.iter().map(|(n, why)| (n.clone(), TeamFound::Broken(why.clone()))).collect();
    for (name, team) in &around.teams {
        let found = match validate::team(
            &facts::meta(&team.meta),
            &team.spec,
            &team.status.seen_sign_offs,
            &release.meta.labels,
        ) {
            Ok(sound) => TeamFound::Sound(Box::new(sound)),
            Err(faults) => TeamFound::Broken(faults.to_string()),
        };
        teams.insert(name.clone(), found);
    }
    teams
}

fn governances(
    world: &World,
    release: &Release,
    around: &Around,
) -> BTreeMap<ObjectName, crate::domain::calendar::Governance> {
    let named: Vec<ObjectName> = release.spec.windows.iter().map(|w| ObjectName::new(&w.namespace, &w.name)).collect();
    let nobody = BTreeMap::new();
    teams(release)
        .into_iter()
        .map(|team| {
            let namespace = world.stores.namespaces.get(&ObjectKey::new("", team.namespace.as_str()));
            let asking = Asking {
                platform: &world.settings.namespace,
                team: &team.namespace,
                team_labels: namespace.as_ref().map_or(&nobody, |n| &n.meta.labels),
                release: Some((&release.meta.key.namespace, &release.meta.labels, &named)),
            };
            let governance = facts::governance(&asking, &around.windows, &around.unreadable_windows);
            (team, governance)
        })
        .collect()
}

/// Which of a release's workloads another live release claims that comes before it.
fn claimed(
    release: &Release,
    steps: &[crate::domain::scheduling::situation::Step],
    found: &BTreeMap<WorkloadName, crate::domain::workload::Workload>,
    others: &[Arc<Release>],
) -> BTreeMap<WorkloadName, ObjectName> {
    let mut claimed = BTreeMap::new();
    for step in steps {
        let Work::Workload(name) = &step.work else {
            continue;
        };
        let index = workload_index(validate::wire_kind(name.kind), &name.namespace, &name.name);
        let rival = others.iter().find(|other| {
            workloads_named(other).iter().any(|(k, ns, n)| workload_index(*k, ns, n) == index)
                && comes_before(other, release)
                && super::super::claims::content_matches(other, name, found.get(name))
        });
        if let Some(rival) = rival {
            claimed.insert(name.clone(), facts::name(&rival.meta.key));
        }
    }
    claimed
}

/// Whether one release comes before another: the one accepted first, else the one created first. A
/// release that was looked at and not accepted keeps nobody waiting.
fn comes_before(one: &Release, other: &Release) -> bool {
    let accepted = |r: &Release| {
        let condition = r.status.conditions.iter().find(|c| c.type_ == "Accepted" && c.status == "True");
        condition.map(|c| c.last_transition_time.0)
    };
    let order = |r: &Release| (r.meta.created, r.meta.key.clone());
    match (accepted(one), accepted(other)) {
        (Some(a), Some(b)) => (a, order(one)) < (b, order(other)),
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => one.status.observed_generation.unwrap_or(-1) < 0 && order(one) < order(other),
    }
}

fn in_use(release: &Release) -> Vec<InUse> {
    let under_way = release.status.steps.iter().filter(|s| matches!(s.state.as_str(), "Granted" | "Progressing"));
    under_way
        .filter_map(|status| {
            let step = release.spec.steps.iter().find(|s| s.name == status.name)?;
            let participant =
                step.participant.as_ref().and_then(|n| release.spec.participants.iter().find(|p| p.name == *n));
            Some(InUse {
                release: facts::name(&release.meta.key),
                step: step.name.clone(),
                team: participant.map(|p| ObjectName::new(&p.team.namespace, &p.team.name)),
                requires: step.requires.iter().map(|(k, n)| (k.clone(), u32::try_from(*n).unwrap_or(0))).collect(),
            })
        })
        .collect()
}

/// How much of each resource exists: the least that any window says.
fn resources(windows: &[Arc<Window>]) -> BTreeMap<String, u32> {
    let mut all: BTreeMap<String, u32> = BTreeMap::new();
    for (name, amount) in windows.iter().filter_map(|w| w.spec.capacity.as_ref()).flat_map(|c| &c.resources) {
        let amount = u32::try_from(*amount).unwrap_or(0);
        all.entry(name.clone()).and_modify(|known| *known = (*known).min(amount)).or_insert(amount);
    }
    all
}

fn evidence(around: &Around) -> Vec<String> {
    let teams = around.teams.values().map(|t| format!("TeamReadiness {} {}", t.meta.key, t.meta.version));
    let windows = around.windows.iter().map(|w| format!("DeploymentWindow {} {}", w.meta.key, w.meta.version));
    teams.chain(windows).take(64).collect()
}

/// Everything whose change between two readings makes the second one worth nothing.
pub fn versions(release: &Release, situation: &Situation) -> Vec<String> {
    let workloads = situation.workloads.values().map(|w| format!("{} {} {}", w.name, w.uid, w.version));
    let mut all: Vec<String> = workloads.chain(situation.evidence.iter().cloned()).collect();
    all.push(format!("{} {}", release.meta.uid, release.meta.version));
    all
}

/// What was recorded of a release, read back. A grant in a form that is not known is none: the step holds.
fn record(status: &CoordinatedReleaseStatus) -> Record {
    let at = |text: &Option<String>| -> Option<DateTime<Utc>> { text.as_deref().and_then(from_wire) };
    let steps = status.steps.iter().map(|step| {
        let grant = step.grant.as_ref().filter(|g| g.format == super::act::GRANT_FORMAT).and_then(|g| {
            Some(Grant {
                at: from_wire(&g.at)?,
                digest: g.digest.clone(),
                uid: g.workload_uid.clone(),
                version: g.workload_version.clone(),
                template: g.template.clone(),
                evidence: g.evidence.clone(),
                overridden: g.overridden.clone(),
            })
        });
        (step.name.clone(), StepRecord { grant, started: at(&step.started_at), finished: at(&step.finished_at) })
    });
    Record {
        started: at(&status.started_at),
        digest: status.digest.clone().zip(at(&status.digest_since)),
        steps: steps.collect(),
    }
}
