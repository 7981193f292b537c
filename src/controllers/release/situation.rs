//! From objects, as they were read, to the situation that is decided on. Whoever reads them — the operator
//! from its stores or fresh, the command on behalf of a person — comes to the same situation here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{View, rivals};
use crate::api::fields::WorkloadKind;
use crate::api::readiness::CheckStatus;
use crate::api::release::{CoordinatedReleaseStatus, UsedOverride};
use crate::api::time::from_wire;
use crate::cluster::objects::{Release, Team, Window};
use crate::cluster::workloads::Workload;
use crate::cluster::{ObjectKey, Undecodable};
use crate::controllers::facts::{self, Asking};
use crate::domain::calendar::{Governance, Governing};
use crate::domain::names::{Kind, ObjectName, WorkloadName};
use crate::domain::scheduling::overriding::Used;
use crate::domain::scheduling::situation::{
    Began, Carried, Former, Grant, InUse, Override, Record, Refusal, Replaced, Situation, StepRecord, TeamFound,
    WindowStart,
};
use crate::validate::{self, Found};

/// What is true whichever release is decided on.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// By the API server's clock.
    pub now: DateTime<Utc>,
    /// How far the clocks are apart, if that is too far.
    pub skew: Option<TimeDelta>,
    /// How long a workload without a change may still get one.
    pub settle: TimeDelta,
    /// The operator's namespace, which holds the platform's windows.
    pub platform: String,
    /// The reason for which everything is stopped, if it is.
    pub stopped: Option<String>,
    /// What of the hold is missing.
    pub policies_missing: Vec<String>,
}

/// The objects around one release.
#[derive(Default)]
pub struct Around {
    pub teams: BTreeMap<ObjectName, Arc<Team>>,
    pub unreadable_teams: BTreeMap<ObjectName, String>,
    pub workloads: BTreeMap<WorkloadName, Workload>,
    pub windows: Vec<Arc<Window>>,
    pub unreadable_windows: Vec<Undecodable>,
    /// Those of the windows above that may govern, compiled with the calendars that they name; by key.
    pub governing: BTreeMap<ObjectKey, Governing>,
    /// The versions of the calendars that were read for it, for the grant.
    pub calendars: Vec<String>,
    /// What others have started in windows with limits.
    pub window_starts: Vec<WindowStart>,
    /// Other live releases that share a team or a workload with this one.
    pub others: Vec<Arc<Release>>,
    /// Steps that could not be carried out a moment ago.
    pub refused: BTreeMap<String, (DateTime<Utc>, Refusal)>,
    /// What the teams' checks said when they were asked for this look; else their statuses count.
    pub checks: BTreeMap<ObjectName, Vec<CheckStatus>>,
    /// Which kinds the authors of teams were asked about and may not patch.
    pub author_may_not: BTreeMap<ObjectName, BTreeSet<Kind>>,
    /// The labels of the teams' namespaces.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
}

impl Around {
    fn governing(&self, window: &Window) -> Governing {
        let unread = || Governing::Broken {
            window_type: validate::window_type(window.spec.window_type),
            fault: "it was not read".to_owned(),
            blocks_rollback: window.spec.blocks_rollback.unwrap_or(false),
        };
        self.governing.get(&window.meta.key).cloned().unwrap_or_else(unread)
    }
}

/// The teams that take part in a release.
#[must_use]
pub fn teams(release: &Release) -> BTreeSet<ObjectName> {
    release.spec.participants.iter().map(|p| ObjectName::new(&p.team.namespace, &p.team.name)).collect()
}

/// Kind, namespace and name of every workload that a release's steps name.
#[must_use]
pub fn workloads_named(release: &Release) -> Vec<(WorkloadKind, &str, &str)> {
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

/// The situation of a release, or what is wrong with its plan.
#[must_use]
pub fn view(circumstances: &Circumstances, release: Arc<Release>, around: &Around) -> View {
    let meta = facts::meta(&release.meta);
    let plan = match validate::release(&meta, &release.spec) {
        Ok(plan) => plan,
        Err(faults) => return View::Faulty { release, faults },
    };
    // What is being deleted is as good as gone: nothing of it is let go any more.
    let workloads: BTreeMap<WorkloadName, _> =
        around.workloads.iter().filter(|(_, w)| !w.terminating).map(|(n, w)| (n.clone(), facts::workload(w))).collect();
    let situation = Situation {
        now: circumstances.now,
        skew: circumstances.skew,
        record: record(&release.status),
        teams: sound_teams(&release, around),
        governance: governances(&circumstances.platform, &release, around),
        claimed: rivals::claimed(&release, &plan.steps, &workloads, around),
        window_starts: around.window_starts.clone(),
        in_use: around.others.iter().flat_map(|r| in_use(r)).collect(),
        resources: resources(&around.windows),
        settle: circumstances.settle,
        stopped: circumstances.stopped.clone(),
        refused: around.refused.clone(),
        policies_missing: hold_trouble(circumstances, around),
        evidence: evidence(around),
        release: plan,
        workloads,
    };
    View::Sound { release, situation: Box::new(situation) }
}

/// What keeps the API server from holding, for this release: a policy that is not there, or a workload
/// whose hold field somebody else uses.
fn hold_trouble(circumstances: &Circumstances, around: &Around) -> Vec<String> {
    let mut trouble = circumstances.policies_missing.clone();
    trouble.extend(
        around.workloads.iter().filter_map(|(name, w)| w.owned_elsewhere.as_ref().map(|why| format!("{name}: {why}"))),
    );
    trouble
}

fn sound_teams(release: &Release, around: &Around) -> BTreeMap<ObjectName, TeamFound> {
    let mut teams: BTreeMap<ObjectName, TeamFound> =
        around.unreadable_teams.iter().map(|(n, why)| (n.clone(), TeamFound::Broken(why.clone()))).collect();
    for (name, team) in &around.teams {
        let mut earlier = Found::from(&team.status);
        if let Some(asked) = around.checks.get(name) {
            earlier.checks = asked;
        }
        let found = match validate::team(&facts::meta(&team.meta), &team.spec, earlier, &release.meta.labels) {
            Ok(mut sound) => {
                sound.author_may_not = around.author_may_not.get(name).cloned().unwrap_or_default();
                TeamFound::Sound(Box::new(sound))
            }
            Err(faults) => TeamFound::Broken(faults.to_string()),
        };
        teams.insert(name.clone(), found);
    }
    teams
}

fn governances(platform: &str, release: &Release, around: &Around) -> BTreeMap<ObjectName, Governance> {
    let named: Vec<ObjectName> = release.spec.windows.iter().map(|w| ObjectName::new(&w.namespace, &w.name)).collect();
    let nobody = BTreeMap::new();
    teams(release)
        .into_iter()
        .map(|team| {
            let asking = Asking {
                platform,
                team: &team.namespace,
                team_labels: around.namespaces.get(&team.namespace).unwrap_or(&nobody),
                release: Some((&release.meta.key.namespace, &release.meta.labels, &named)),
            };
            let governing = |window: &Arc<Window>| around.governing(window);
            let governance = facts::governance(&asking, &around.windows, &around.unreadable_windows, &governing);
            (team, governance)
        })
        .collect()
}

fn in_use(release: &Release) -> Vec<InUse> {
    let under_way =
        release.status.steps.iter().filter(|s| matches!(s.state.as_str(), "Granted" | "Progressing" | "RollingBack"));
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
                granted: status
                    .grant
                    .as_ref()
                    .filter(|_| status.state == "Granted")
                    .and_then(|grant| from_wire(&grant.at)),
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
    teams.chain(around.calendars.iter().cloned()).chain(windows).collect()
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
                rolled_back_before: g.rolled_back_before == Some(true),
                former: g.former.as_ref().map(|f| Former { name: f.name.clone(), template: f.template.clone() }),
                replaced: g
                    .replaced
                    .iter()
                    .map(|r| Replaced { digest: r.digest.clone(), template: r.template.clone() })
                    .collect(),
                evidence: g.evidence.clone(),
                overridden: g.overridden.clone(),
                withdrawn: at(&g.withdrawn_at),
            })
        });
        let record = StepRecord {
            grant,
            started: at(&step.started_at),
            finished: at(&step.finished_at),
            done_by: step.done_by.clone(),
            rolled_back: at(&step.rolled_back_at),
        };
        (step.name.clone(), record)
    });
    Record {
        started: at(&status.started_at),
        digest: status.digest.clone().zip(at(&status.digest_since)),
        steps: steps.collect(),
        rollback: status
            .rollback
            .as_ref()
            .and_then(|r| Some(Began { since: from_wire(&r.since)?, cause: r.cause.clone() })),
        carried: carried(status),
        signed: super::signed::record(&status.signed),
        overrides: status.overrides_used.iter().filter_map(used).collect(),
    }
}

fn carried(status: &CoordinatedReleaseStatus) -> Vec<Carried> {
    let words = status.carried.iter().filter_map(|word| {
        let team = word.team.parse().ok()?;
        Some(Carried { team, signed: word.digest.clone(), part: word.part.clone() })
    });
    words.collect()
}

/// An override that was used. One whose end cannot be read has come to it.
fn used(wire: &UsedOverride) -> Option<Used> {
    let over = Override {
        skip: wire.skip.iter().map(|s| validate::skip(*s)).collect(),
        until: from_wire(&wire.until)?,
        by: wire.by.clone(),
        reason: wire.reason.clone(),
        ticket: wire.ticket.clone(),
        digest: wire.named.clone(),
    };
    Some(Used { over, digest: wire.digest.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn t22_a_grant_in_a_form_that_is_not_known_is_none() {
        let record_of = |format: i32| {
            let status = json!({"steps": [{"name": "api", "state": "Granted", "grant": {
                "format": format, "at": "2027-01-12T09:00:00Z", "digest": "sha256:a", "workloadUid": "u",
                "workloadVersion": "7", "template": "sha256:t"}}]});
            record(&serde_json::from_value(status).expect("a status")).steps.remove("api").expect("the step").grant
        };
        assert!(record_of(super::super::act::GRANT_FORMAT).is_some());
        for other in [0, super::super::act::GRANT_FORMAT + 1] {
            assert_eq!(record_of(other), None, "the step is held, and asked about anew");
        }
    }

    #[test]
    fn every_window_is_compared_however_many_there_are() {
        let window = |n: usize, version: &str| {
            let text = json!({"metadata": {"namespace": "w", "name": format!("w{n:03}"), "uid": "u",
                "resourceVersion": version}, "spec": {"type": "Allow", "timeZone": "UTC", "schedule": []}});
            Arc::new(crate::cluster::objects::decode(&text.to_string()).expect("a window"))
        };
        let mut around = Around { windows: (0..100).map(|n| window(n, "1")).collect(), ..Around::default() };
        let before = evidence(&around);
        around.windows[99] = window(99, "2");
        assert_ne!(before, evidence(&around), "the last of them was changed");
    }
}
