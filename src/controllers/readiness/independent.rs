//! Held changes that no release claims: asked about on the stores' view, asked again on a fresh one, and
//! only then let go, in the version that was asked about.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::ending::HeldChanges;
use crate::cluster::ObjectKey;
use crate::cluster::access::Wish;
use crate::cluster::objects::{Release, Team, Window};
use crate::cluster::workloads::Workload;
use crate::cluster::writes::{ApiError, Resource};
use crate::controllers::calendars::Calendars;
use crate::controllers::claims;
use crate::controllers::events::{self, Moment};
use crate::controllers::facts::{self, Asking};
use crate::controllers::letting_go;
use crate::controllers::openings;
use crate::controllers::world::World;
use crate::domain::calendar::{Governance, Governing};
use crate::domain::names::ObjectName;
use crate::domain::scheduling::independent::{Answer, HeldChange, LetGo, let_go};
use crate::domain::scheduling::situation::{self, WindowStart};
use crate::domain::scheduling::{Cause, GRANT_VALIDITY};

/// All windows, and how each governs, with the calendars that it names.
struct Windows<'a> {
    /// What has started in those that limit how much may.
    starts: Vec<WindowStart>,
    all: &'a [Arc<Window>],
    governing: &'a (dyn Fn(&Arc<Window>) -> Governing + Sync),
}

/// Whether a held change goes by itself; if so, it has gone when this returns.
///
/// # Errors
///
/// When the API server does not answer, or the workload changed meanwhile.
pub async fn answer(
    world: &World,
    team: &Team,
    checked: &situation::Team,
    found: &Workload,
    since: Option<DateTime<Utc>>,
) -> Result<Answer, ApiError> {
    let claimed = claimed_by(world, found).await?;
    let all = world.stores.windows.list();
    let starts = openings::seen(world, &limited(world, team, &all), None);
    let windows = Windows { starts, all: &all, governing: &|window| world.calendars.governing(window) };
    let answer = ask(world, team, checked, found, since, claimed.as_ref(), &windows);
    let Answer::LetGo(_) = answer else {
        return Ok(answer);
    };
    // Nobody grants while we look: a release that is being granted claims what it grants.
    let _granting = world.granting.lock().await;
    let by = world.clock.now() + GRANT_VALIDITY;
    match fresh(world, team, found, since, checked).await? {
        Some((now, Answer::LetGo(_))) if !author_may(world, team, &now).await? => {
            let workload = facts::workload(&now).name;
            let author = team.meta.author.clone().unwrap_or_default();
            let cause = Cause::AuthorMayNot { team: checked.name.clone(), author, workload };
            // Nobody tells us when somebody is given a right.
            let until = Some(world.clock.now() + TimeDelta::seconds(60));
            Ok(Answer::Wait { why: cause.message(), until, overdue: false })
        }
        Some((now, again @ Answer::LetGo(why))) => {
            release(world, team, &now, why, by).await?;
            Ok(again)
        }
        Some((_, wait)) => Ok(wait),
        None => Ok(is_changing(world.clock.now())),
    }
}

/// What is said of a workload that is not what was asked about.
pub fn is_changing(now: DateTime<Utc>) -> Answer {
    Answer::Wait { why: "it is changing".to_owned(), until: Some(now + TimeDelta::seconds(1)), overdue: false }
}

fn may_govern(world: &World, team: &Team, window: &Window) -> bool {
    facts::may_govern(window, &world.settings.namespace, &[&team.meta.key.namespace], &[])
}

/// The windows with limits that may govern the team.
fn limited(world: &World, team: &Team, windows: &[Arc<Window>]) -> Vec<Arc<Window>> {
    openings::limited(windows.iter().filter(|window| may_govern(world, team, window)))
}

/// Whether whoever put the workload under rollcall may patch it: rollcall's rights are not lent.
async fn author_may(world: &World, team: &Team, found: &Workload) -> Result<bool, ApiError> {
    let resource = Resource::of(found.kind);
    let namespace = &*team.meta.key.namespace;
    let wish = Wish { verb: "patch", group: resource.group, plural: resource.plural, namespace, name: "" };
    world.objects.may(&team.meta.written_by(), wish).await
}

fn ask(
    world: &World,
    team: &Team,
    checked: &situation::Team,
    found: &Workload,
    since: Option<DateTime<Utc>>,
    claimed_by: Option<&ObjectName>,
    windows: &Windows<'_>,
) -> Answer {
    let stopped = world.stopped();
    let change = HeldChange {
        workload: &facts::workload(found),
        since,
        claimed_by,
        team: checked,
        governance: &governance(world, &team.meta.key.namespace, windows),
        stopped: stopped.as_deref(),
        window_starts: &windows.starts,
        policies_missing: &world.policies_missing(),
        skew: world.skew(),
        settle: world.settings.settle,
    };
    let_go(&change, world.clock.now())
}

/// The windows that govern a team's own changes: there is no release, so no window of a release's tier
/// and none that selects releases by labels.
fn governance(world: &World, namespace: &str, windows: &Windows<'_>) -> Governance {
    let found = world.stores.namespaces.get(&ObjectKey::new("", namespace));
    let nobody = BTreeMap::new();
    let asking = Asking {
        platform: &world.settings.namespace,
        team: namespace,
        team_labels: found.as_ref().map_or(&nobody, |n| &n.meta.labels),
        release: None,
    };
    facts::governance(&asking, windows.all, &world.stores.windows.all_undecodable(), windows.governing)
}

/// Who claims a change. A claim by annotation for a release that is not known here is looked up: it may
/// have finished, in which case it claims nothing any more.
async fn claimed_by(world: &World, found: &Workload) -> Result<Option<ObjectName>, ApiError> {
    let Some(claimant) = claims::claimant(world, &facts::workload(found)) else {
        return Ok(None);
    };
    let key = facts::key(&claimant);
    if world.stores.releases.get(&key).is_some() {
        return Ok(Some(claimant));
    }
    let release = world.read_release(&key).await?.and_then(Result::ok);
    let over = release.is_some_and(|r| r.status.finished == Some(true) && !keeps(&r));
    Ok((!over).then_some(claimant))
}

/// Whether a release was cancelled and said that what it held stays so.
fn keeps(release: &Release) -> bool {
    release.spec.cancel.as_ref().is_some_and(|cancel| cancel.held == HeldChanges::Keep)
}

/// The same question on fresh readings. `None` if the workload is not what was asked about.
async fn fresh(
    world: &World,
    team: &Team,
    seen: &Workload,
    since: Option<DateTime<Utc>>,
    checked: &situation::Team,
) -> Result<Option<(Workload, Answer)>, ApiError> {
    tokio::try_join!(world.read_stop(), world.read_policies())?;
    let Some(found) = world.read_workload(seen.kind, &seen.key).await? else {
        return Ok(None);
    };
    let now = world.read_team(&team.meta.key).await?.and_then(Result::ok);
    let unchanged = now.is_some_and(|now| now.meta.generation == team.meta.generation && now.meta.uid == team.meta.uid);
    if found.uid != seen.uid || found.template != seen.template || found.hold != seen.hold || !unchanged {
        return Ok(None);
    }
    // A release that was created a moment ago may not be in the stores yet, even so.
    for release in world.read_releases().await? {
        if !known(world, &release)
            && claims::content_matches(&release, &facts::workload(&found).name, Some(&facts::workload(&found)))
        {
            let why = format!("claimed by release {}", release.meta.key);
            return Ok(Some((found, Answer::Wait { why, until: None, overdue: false })));
        }
    }
    let windows: Vec<Arc<Window>> = world.read_windows().await?.0.into_iter().map(Arc::new).collect();
    let near = windows.iter().filter(|w| may_govern(world, team, w));
    let read = Calendars::read(world, near.map(|w| &**w)).await?;
    let governing = |window: &Arc<Window>| world.calendars.governing_fresh(window, &read);
    let starts = openings::read(world, &limited(world, team, &windows), None).await?;
    let windows = Windows { starts, all: &windows, governing: &governing };
    let claimed = claimed_by(world, &found).await?;
    let answer = ask(world, team, checked, &found, since, claimed.as_ref(), &windows);
    Ok(Some((found, answer)))
}

fn known(world: &World, release: &Release) -> bool {
    world.stores.releases.get(&release.meta.key).is_some_and(|r| r.meta.uid == release.meta.uid)
}

async fn release(world: &World, team: &Team, found: &Workload, why: LetGo, by: DateTime<Utc>) -> Result<(), ApiError> {
    let written = letting_go::let_go(world, found, &why.noted(), by, false).await;
    let kind = found.kind.as_str();
    match written {
        Ok(version) => {
            world.stores.workloads(found.kind).expect_at_least(found.key.clone(), version);
            tracing::info!(event = "released", team = %team.meta.key, workload = format!("{kind} {}", found.key), why = why.as_str(), "let go");
            let note = format!("{kind} {} may roll out: {}", found.key.name, why.as_str());
            events::about_team(
                world,
                team,
                Moment { reason: "ChangeReleased", action: "Release", note, warning: false },
            )
            .await;
            Ok(())
        }
        Err(error) => {
            if matches!(error, ApiError::Conflict { .. }) {
                world.metrics.cas_conflict();
            }
            Err(error)
        }
    }
}
