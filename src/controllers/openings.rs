//! What has started in windows that limit how much may: read off the grants of releases, and of changes that went by
//! themselves off teams' statuses and the workloads, where rollcall notes it in the very write that lets them go. It
//! judges nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::facts::{self, Asking};
use super::world::World;
use crate::api::fields::WorkloadKind;
use crate::api::release::StepStatus;
use crate::api::time::from_wire;
use crate::api::window::WindowType;
use crate::cluster::ObjectKey;
use crate::cluster::objects::{Release, Team, Window};
use crate::cluster::workloads::Workload;
use crate::cluster::writes::ApiError;
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::scheduling::GRANT_VALIDITY;
use crate::domain::scheduling::independent::LetGo;
use crate::domain::scheduling::situation::WindowStart;
use crate::validate;

/// Those of the windows that limit releases or starts.
#[must_use]
pub fn limited<'a>(windows: impl Iterator<Item = &'a Arc<Window>>) -> Vec<Arc<Window>> {
    let limits = |window: &&Arc<Window>| {
        let capacity = window.spec.capacity.as_ref();
        let any = capacity.is_some_and(|c| c.releases.is_some() || c.starts_per_opening.is_some());
        any && window.spec.window_type == WindowType::Allow
    };
    windows.filter(limits).cloned().collect()
}

/// What others than one release have started in these windows, as the stores have it. Releases that have ended are
/// not in the stores: what they started is counted only by [`read`].
#[must_use]
pub fn seen(world: &World, windows: &[Arc<Window>], but: Option<&ObjectKey>) -> Vec<WindowStart> {
    if windows.is_empty() {
        return Vec::new();
    }
    let releases = world.stores.releases.list();
    let teams = world.stores.teams.list();
    let others = releases.iter().map(|r| &**r).filter(|r| Some(&r.meta.key) != but);
    all(world, windows, others, teams.iter().map(|t| &**t))
}

/// What releases and teams say has started, and what the workloads do, as the stores have them.
fn all<'a>(
    world: &World,
    windows: &[Arc<Window>],
    releases: impl Iterator<Item = &'a Release>,
    teams: impl Iterator<Item = &'a Team>,
) -> Vec<WindowStart> {
    let ground = Ground::of(world);
    let mut all = starts(&ground, windows, releases, teams);
    for found in WorkloadKind::ALL.into_iter().flat_map(|kind| world.stores.workloads(kind).list()) {
        of_workload(&ground, windows, &found, &mut all);
    }
    all
}

/// The same, read now. Releases that were deleted have started nothing any more.
///
/// # Errors
///
/// When the API server does not say.
pub async fn read(
    world: &World,
    windows: &[Arc<Window>],
    but: Option<&ObjectKey>,
) -> Result<Vec<WindowStart>, ApiError> {
    if windows.is_empty() {
        return Ok(Vec::new());
    }
    let mut releases = world.read_releases().await?;
    let mut teams: Vec<Team> = Vec::new();
    if windows.iter().any(|w| w.spec.capacity.as_ref().is_some_and(|c| c.starts_per_opening.is_some())) {
        releases.extend(world.read_ended_releases().await?);
        teams = world.read_teams().await?;
        read_let_go(world).await?;
    }
    let others = releases.iter().filter(|r| Some(&r.meta.key) != but);
    Ok(all(world, windows, others, teams.iter()))
}

/// Reads what rollcall itself has written to and the watches have not shown since: what went a moment ago is in no
/// team's status yet.
async fn read_let_go(world: &World) -> Result<(), ApiError> {
    for kind in WorkloadKind::ALL {
        for key in world.stores.workloads(kind).awaited() {
            world.read_workload(kind, &key).await?;
        }
    }
    Ok(())
}

/// The labels of an object.
type Labels = BTreeMap<String, String>;

/// Where windows and namespaces stand, for whoever asks which of them govern.
pub struct Ground<'a> {
    /// The operator's namespace.
    pub platform: &'a str,
    /// The labels of a namespace.
    pub labels: Box<dyn Fn(&str) -> Labels + 'a>,
}

impl<'a> Ground<'a> {
    fn of(world: &'a World) -> Self {
        let labels = |namespace: &str| {
            let found = world.stores.namespaces.get(&ObjectKey::new("", namespace));
            found.map(|n| n.meta.labels.clone()).unwrap_or_default()
        };
        Self { platform: &world.settings.namespace, labels: Box::new(labels) }
    }
}

/// What these releases and teams have started in these windows.
#[must_use]
pub fn starts<'a>(
    ground: &Ground<'_>,
    windows: &[Arc<Window>],
    releases: impl Iterator<Item = &'a Release>,
    teams: impl Iterator<Item = &'a Team>,
) -> Vec<WindowStart> {
    let mut all = Vec::new();
    for release in releases {
        of_release(ground, windows, release, &mut all);
    }
    for team in teams {
        of_team(ground, windows, team, &mut all);
    }
    all
}

fn of_release(ground: &Ground<'_>, windows: &[Arc<Window>], release: &Release, all: &mut Vec<WindowStart>) {
    let named: Vec<ObjectName> = release.spec.windows.iter().map(|w| ObjectName::new(&w.namespace, &w.name)).collect();
    let participant = |status: &StepStatus| {
        let step = release.spec.steps.iter().find(|step| step.name == status.name)?;
        let name = step.participant.as_ref().filter(|_| step.workload.is_some())?;
        release.spec.participants.iter().find(|p| p.name == *name)
    };
    for status in &release.status.steps {
        let counts = status.grant.as_ref().filter(|grant| grant.withdrawn_at.is_none());
        let grant = counts.and_then(|g| from_wire(&g.at));
        let (Some(at), Some(participant)) = (grant, participant(status)) else {
            continue;
        };
        let of = (release.meta.key.namespace.as_ref(), &release.meta.labels, named.as_slice());
        for window in governing(ground, windows, &participant.team.namespace, Some(of)) {
            all.push(WindowStart {
                window,
                release: Some(facts::name(&release.meta.key)),
                what: status.name.clone(),
                at,
                under_way: matches!(status.state.as_str(), "Granted" | "Progressing"),
                granted: status.state == "Granted",
                live: release.status.finished != Some(true),
            });
        }
    }
}

fn of_team(ground: &Ground<'_>, windows: &[Arc<Window>], team: &Team, all: &mut Vec<WindowStart>) {
    for workload in &team.status.workloads {
        if let Some(at) = workload.let_go_at.as_deref().and_then(from_wire) {
            alone(ground, windows, workload.kind, (&team.meta.key.namespace, &workload.name), at, all);
        }
    }
}

/// A start that a team's status says too is the same one: it is that of the same workload.
fn of_workload(ground: &Ground<'_>, windows: &[Arc<Window>], found: &Workload, all: &mut Vec<WindowStart>) {
    let went = found.released.as_deref().and_then(LetGo::of_note).is_some_and(LetGo::is_start);
    if let Some(by) = found.let_go_by.as_deref().and_then(from_wire).filter(|_| went) {
        alone(ground, windows, found.kind, (&found.key.namespace, &found.key.name), by - GRANT_VALIDITY, all);
    }
}

/// A change that went by itself.
fn alone(
    ground: &Ground<'_>,
    windows: &[Arc<Window>],
    kind: WorkloadKind,
    (namespace, name): (&str, &str),
    at: DateTime<Utc>,
    all: &mut Vec<WindowStart>,
) {
    let kind = validate::kind(kind);
    let what = WorkloadName { kind, namespace: namespace.to_owned(), name: name.to_owned() }.to_string();
    all.extend(governing(ground, windows, namespace, None).into_iter().map(|window| WindowStart {
        window,
        release: None,
        what: what.clone(),
        at,
        under_way: false,
        granted: false,
        live: false,
    }));
}

/// The names of those of the windows that govern a team's workload, for a release or for changes of nobody.
fn governing(
    ground: &Ground<'_>,
    windows: &[Arc<Window>],
    team: &str,
    release: Option<(&str, &BTreeMap<String, String>, &[ObjectName])>,
) -> Vec<String> {
    let labels = (ground.labels)(team);
    let asking = Asking { platform: ground.platform, team, team_labels: &labels, release };
    let governs = |window: &&Arc<Window>| facts::tier(&asking, window).is_some();
    windows.iter().filter(governs).map(|window| window.meta.key.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::objects::decode;

    #[test]
    fn a_grant_counts_as_a_start_until_it_is_withdrawn() {
        let text = json!({"metadata": {"namespace": "w", "name": "hours", "uid": "u", "resourceVersion": "1"},
            "spec": {"type": "Allow", "timeZone": "UTC", "schedule": [], "capacity": {"releases": 1}}});
        let windows =
            [Arc::new(decode::<_, crate::api::window::DeploymentWindowStatus>(&text.to_string()).expect("a window"))];
        let ground = Ground { platform: "rollcall-system", labels: Box::new(|_| Labels::new()) };
        let of = |state: &str, withdrawn: serde_json::Value| {
            let text = json!({"metadata": {"namespace": "w", "name": "r", "uid": "u", "resourceVersion": "1"}, "spec": {
                "participants": [{"name": "shop", "responsibility": "it", "team": {"namespace": "shop", "name": "team"}}],
                "steps": [{"name": "api", "participant": "shop", "workload": {"kind": "Deployment", "name": "api"}}]},
                "status": {"steps": [{"name": "api", "state": state, "grant": {"format": 1, "at": "2027-01-12T09:00:00Z",
                    "digest": "d", "workloadUid": "u", "workloadVersion": "7", "template": "t", "withdrawnAt": withdrawn}}]}});
            let release: Release = decode(&text.to_string()).expect("a release");
            starts(&ground, &windows, [&release].into_iter(), std::iter::empty())
        };
        let seen = |all: Vec<WindowStart>| all.iter().map(|s| (s.under_way, s.granted)).collect::<Vec<_>>();
        assert_eq!(seen(of("Granted", json!(null))), [(true, true)]);
        assert_eq!(seen(of("Progressing", json!(null))), [(true, false)]);
        assert_eq!(seen(of("Done", json!(null))), [(false, false)]);
        assert_eq!(seen(of("Waiting", json!("2027-01-12T09:00:05Z"))), []);
    }

    #[test]
    fn what_went_by_itself_counts_as_soon_as_it_is_noted_on_the_workload_and_once() {
        let text = json!({"metadata": {"namespace": "shop", "name": "hours", "uid": "u", "resourceVersion": "1"},
            "spec": {"type": "Allow", "timeZone": "UTC", "schedule": [], "capacity": {"startsPerOpening": 1}}});
        let windows =
            [Arc::new(decode::<_, crate::api::window::DeploymentWindowStatus>(&text.to_string()).expect("a window"))];
        let ground = Ground { platform: "rollcall-system", labels: Box::new(|_| Labels::new()) };
        let noted = |namespace: &str, why: &str| {
            let text = json!({"metadata": {"namespace": namespace, "name": "api", "uid": "u", "resourceVersion": "1",
                "annotations": {"rollcall.dev/released": why, "rollcall.dev/let-go-by": "2027-01-12T09:00:05Z"}},
                "spec": {"template": {}}, "status": {}});
            let kind = WorkloadKind::Deployment;
            let found = crate::cluster::workloads::decode(kind, &text.to_string()).expect("a workload");
            let mut all = Vec::new();
            of_workload(&ground, &windows, &found, &mut all);
            all
        };
        let text = json!({"metadata": {"namespace": "shop", "name": "shop", "uid": "t", "resourceVersion": "1"}, "spec": {
            "workloads": []}, "status": {"workloads": [{"kind": "Deployment", "name": "api", "state": "Gated",
                "letGoAt": "2027-01-12T09:00:00Z"}]}});
        let team: Team = decode(&text.to_string()).expect("a team");
        let said = starts(&ground, &windows, std::iter::empty(), [&team].into_iter());
        assert_eq!(said.len(), 1);
        assert_eq!(noted("shop", "independent windows-open"), said, "the same start");
        assert_eq!(noted("shop", "independent max-hold"), said);
        assert_eq!(noted("shop", "independent taken-back"), [], "it ran already");
        assert_eq!(noted("shop", "r/r api sha256:x"), [], "the release's grant says so");
        assert_eq!(noted("other", "independent windows-open"), [], "the window is not theirs");
    }
}
