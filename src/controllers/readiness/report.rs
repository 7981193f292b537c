//! Says where a team stands. It writes only what differs, and it changes nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::unshown::SHOWN;
use super::{Looked, Trouble, glass, history};
use crate::api::conditions::Conditions;
use crate::api::readiness::{CheckStatus, SeenSignOff, TeamReadinessStatus, TeamRelease};
use crate::api::release::{Participant, ParticipantRole};
use crate::api::team_status::{BrokenGlass, SignOffSource};
use crate::api::time::to_wire;
use crate::api::{ConditionType, Reason};
use crate::cluster::objects::{Release, Team};
use crate::cluster::writes::{ApiError, TEAMS};
use crate::controllers::events::{self, Moment};
use crate::controllers::facts;
use crate::controllers::world::{BY_TEAM, World};
use crate::domain::Faults;
use crate::domain::readiness::{Tally, WhyLacking, tally};
use crate::validate;

/// When each present sign-off was first seen: what is known is kept, what is new is seen now, what was
/// taken back is forgotten.
#[must_use]
pub fn seen_sign_offs(team: &Team, now: DateTime<Utc>) -> Vec<SeenSignOff> {
    let present = team.spec.sign_offs.iter().filter_map(|s| {
        let by = s.by.clone().filter(|by| !by.is_empty())?;
        Some(SeenSignOff {
            release: s.release.clone(),
            role: s.role.clone(),
            seat: s.seat,
            decision: s.decision,
            digest: s.digest.clone(),
            renewal: s.renewal,
            source: source(team, &by),
            by,
            at: to_wire(now),
        })
    });
    present
        .map(|new| {
            let same = |old: &&SeenSignOff| SeenSignOff { at: new.at.clone(), ..(*old).clone() } == new;
            team.status.seen_sign_offs.iter().find(same).cloned().unwrap_or(new)
        })
        .collect()
}

/// Where a word comes from, as the team's rules are now.
fn source(team: &Team, by: &str) -> Option<SignOffSource> {
    let delegates = team.spec.sign_off.as_ref().map(|s| s.delegates.as_slice()).unwrap_or_default();
    let machine = by.starts_with("system:serviceaccount:");
    match machine && delegates.iter().any(|d| d == by) {
        true => Some(SignOffSource::Delegated),
        false => machine.then_some(SignOffSource::ServiceAccount),
    }
}

/// When the next sign-off that counts now stops to count.
pub fn signatures_end(world: &World, team: &Team, seen: &[SeenSignOff]) -> Option<DateTime<Utc>> {
    let now = world.clock.now();
    let releases = asking(world, team);
    releases.iter().filter_map(|r| counted(team, r, seen, now)).filter_map(|t| t.holds_until).filter(|t| *t > now).min()
}

fn asking(world: &World, team: &Team) -> Vec<Arc<Release>> {
    world.stores.releases.by_index(BY_TEAM, &team.meta.key.to_string())
}

fn counted(team: &Team, release: &Release, seen: &[SeenSignOff], now: DateTime<Utc>) -> Option<Tally> {
    let digest = release.status.digest.as_ref()?;
    let found = validate::Found { seen, checks: &[] };
    let checked = validate::team(&facts::meta(&team.meta), &team.spec, found, &release.meta.labels).ok()?;
    let mut given = checked.sign_offs.get(&facts::name(&release.meta.key)).cloned().unwrap_or_default();
    // The release says which words for earlier content it still counts.
    let own = team.meta.key.to_string();
    let carried = |signed: &str| release.status.carried.iter().any(|c| c.team == own && c.digest == signed);
    for word in given.iter_mut().filter(|word| carried(&word.digest)) {
        digest.clone_into(&mut word.digest);
    }
    Some(tally(&checked.rules, &given, digest, release.meta.author.as_deref(), now))
}

/// Reports a team whose spec makes no sense.
///
/// # Errors
///
/// When the status could not be written.
pub async fn faulty(world: &World, team: &Team, faults: &Faults) -> Result<(), ApiError> {
    let mut conditions = Conditions::following(&team.status.conditions, team.meta.generation, world.clock.now());
    for (condition, status) in [(ConditionType::Ready, false), (ConditionType::Stalled, true)] {
        conditions.set(condition, Some(status), Reason::InvalidSpec, &faults.to_string());
    }
    conditions.set(ConditionType::SignedOff, None, Reason::InvalidSpec, &faults.to_string());
    let status = TeamReadinessStatus {
        observed_generation: Some(team.meta.generation),
        conditions: with_answers(conditions.finish(), team),
        ..team.status.clone()
    };
    replace(world, team, status).await
}

/// Whether a release that is not over waits for this team's readiness.
pub fn is_waited_for(world: &World, team: &Team) -> bool {
    let key = &team.meta.key;
    let takes_part = |p: &Participant| {
        p.role != ParticipantRole::Informed && *p.team.namespace == *key.namespace && *p.team.name == *key.name
    };
    let live = |r: &Release| r.status.finished != Some(true) && !r.meta.terminating;
    asking(world, team).iter().any(|r| live(r) && r.spec.participants.iter().any(takes_part))
}

/// What was seen of a team.
pub(super) struct Seen<'a> {
    pub looked: &'a [Looked],
    pub sign_offs: Vec<SeenSignOff>,
    pub checks: Vec<CheckStatus>,
}

/// Reports what was seen of a team.
///
/// # Errors
///
/// When the status could not be written.
pub(super) async fn write(world: &World, team: &Team, seen: Seen<'_>) -> Result<(), ApiError> {
    let Seen { looked, sign_offs, checks } = seen;
    let now = world.clock.now();
    let releases = releases(world, team, &sign_offs, now);
    let mut conditions = Conditions::following(&team.status.conditions, team.meta.generation, now);
    ready(&mut conditions, looked);
    signed_off(&mut conditions, &releases);
    let overdue: Vec<&str> = looked.iter().filter(|l| l.overdue).map(|l| l.status.name.as_str()).collect();
    let limit = team.spec.max_hold.as_ref().map(|m| m.duration.as_str()).unwrap_or_default();
    let overdue_note = format!("held for longer than {limit}: {}", overdue.join(", "));
    if !overdue.is_empty() {
        conditions.set(ConditionType::Stalled, Some(true), Reason::Pending, &overdue_note);
    }
    let newly_overdue = !overdue.is_empty()
        && !team.status.conditions.iter().any(|c| c.type_ == "Stalled" && c.message == overdue_note);
    let mut status = TeamReadinessStatus {
        observed_generation: Some(team.meta.generation),
        history: Vec::new(),
        history_earlier: None,
        broken_glass: Vec::new(),
        releases,
        workloads: looked.iter().take(SHOWN).map(|l| l.status.clone()).collect(),
        seen_sign_offs: sign_offs,
        checks,
        conditions: with_answers(conditions.finish(), team),
    };
    let broken: Vec<BrokenGlass> = looked.iter().filter_map(|l| l.broken.clone()).collect();
    status.broken_glass = glass::record(&team.status.broken_glass, broken.clone());
    history::advance(&team.status, &mut status, now);
    world.unshown.remember(&team.meta.key, looked.iter().skip(SHOWN).map(|l| l.status.clone()).collect());
    replace(world, team, status).await?;
    for broken in broken {
        let (kind, name, ticket) = (broken.kind.as_str(), &broken.name, &broken.ticket);
        let note = format!(
            "{kind} {name} went out past every gate: somebody broke the glass with {ticket}; the audit log says who"
        );
        events::about_team(world, team, Moment { reason: "GlassBroken", action: "Record", note, warning: true }).await;
    }
    if newly_overdue {
        events::about_team(
            world,
            team,
            Moment { reason: "HeldTooLong", action: "Alert", note: overdue_note, warning: true },
        )
        .await;
    }
    Ok(())
}

/// Our conditions, and those with which other controllers answer checks that still name them.
fn with_answers(mut ours: Vec<Condition>, team: &Team) -> Vec<Condition> {
    let asked = |c: &&Condition| {
        let name = c.type_.strip_prefix("Check/");
        team.spec.checks.iter().any(|check| Some(check.name.as_str()) == name && check.controller_name.is_some())
    };
    ours.extend(team.status.conditions.iter().filter(asked).cloned());
    ours.sort_by(|a, b| a.type_.cmp(&b.type_));
    ours
}

async fn replace(world: &World, team: &Team, status: TeamReadinessStatus) -> Result<(), ApiError> {
    if status == team.status {
        return Ok(());
    }
    let key = &team.meta.key;
    let version = world.objects.replace_status(TEAMS, &key.namespace, &key.name, &team.meta.version, &status).await?;
    world.stores.teams.expect_at_least(key.clone(), version);
    Ok(())
}

fn ready(conditions: &mut Conditions<'_>, looked: &[Looked]) {
    let troubles: Vec<String> = looked
        .iter()
        .filter(|l| l.trouble.is_some())
        .map(|l| {
            format!("{} {}: {}", l.status.kind.as_str(), l.status.name, l.status.message.as_deref().unwrap_or_default())
        })
        .collect();
    let worst = looked.iter().filter_map(|l| l.trouble).min();
    let reason = match worst {
        None => Reason::Resolved,
        Some(Trouble::NotFound) => Reason::WorkloadNotFound,
        Some(Trouble::NotLabelled) => Reason::NotLabelled,
        Some(Trouble::NotAuthorized) => Reason::NotAuthorized,
        Some(Trouble::NotSupported) => Reason::InvalidSpec,
    };
    let message = if troubles.is_empty() {
        format!("{} workloads are under rollcall", looked.len())
    } else {
        troubles.join("; ")
    };
    let message = match looked.len().saturating_sub(SHOWN) {
        0 => message,
        unshown => format!("{unshown} workloads are left out of the status, which shows {SHOWN}; {message}"),
    };
    conditions.set(ConditionType::Ready, Some(worst.is_none()), reason, &message);
}

fn signed_off(conditions: &mut Conditions<'_>, releases: &[TeamRelease]) {
    let open: Vec<&TeamRelease> =
        releases.iter().filter(|r| !matches!(r.state.as_str(), "SignedOff" | "NothingAsked")).collect();
    let asked = releases.iter().any(|r| r.state != "NothingAsked");
    match open.first() {
        None if asked => conditions.set(
            ConditionType::SignedOff,
            Some(true),
            Reason::SignedOff,
            "every release that asks has this team's word",
        ),
        None => conditions.set(
            ConditionType::SignedOff,
            Some(true),
            Reason::NothingAsked,
            "no release asks for this team's word",
        ),
        Some(first) => {
            let reason = match first.state.as_str() {
                "Rejected" => Reason::Rejected,
                "Stale" => Reason::Stale,
                "NotTrusted" => Reason::NotTrusted,
                _ => Reason::Pending,
            };
            let names: Vec<String> =
                open.iter().map(|r| format!("{} ({}: {})", r.release, r.state, r.missing.join(", "))).collect();
            conditions.set(ConditionType::SignedOff, Some(false), reason, &names.join("; "));
        }
    }
}

fn releases(world: &World, team: &Team, seen: &[SeenSignOff], now: DateTime<Utc>) -> Vec<TeamRelease> {
    let mut all: BTreeMap<String, TeamRelease> = BTreeMap::new();
    for release in asking(world, team) {
        let name = release.meta.key.to_string();
        let tally = counted(team, &release, seen, now);
        let nothing = team.spec.sign_off.as_ref().is_none_or(|s| s.required.is_empty());
        let state = match &tally {
            _ if nothing => "NothingAsked",
            None => "Pending",
            Some(tally) => tally.lacks.first().map_or("SignedOff", |lack| state_of(&lack.why)),
        };
        let missing = tally.map(|t| t.lacks.into_iter().map(|l| l.role).take(8).collect()).unwrap_or_default();
        all.insert(
            name.clone(),
            TeamRelease {
                changed: changed(&release, seen),
                release: name,
                digest: release.status.digest.clone(),
                state: state.to_owned(),
                missing,
            },
        );
    }
    all.into_values().take(64).collect()
}

/// What is other now than what this team signed last.
fn changed(release: &Release, seen: &[SeenSignOff]) -> Vec<String> {
    let name = release.meta.key.to_string();
    let signed = |digest: &String| seen.iter().any(|s| s.release == name && s.digest == *digest);
    let last = release.status.signed.iter().rev().find(|s| signed(&s.digest));
    last.map(|s| s.changed.clone()).unwrap_or_default()
}

fn state_of(why: &WhyLacking) -> &'static str {
    match why {
        WhyLacking::Missing { .. } | WhyLacking::BeingRecorded { .. } => "Pending",
        WhyLacking::Stale { .. } | WhyLacking::Expired { .. } => "Stale",
        WhyLacking::Refused { .. } => "Rejected",
        WhyLacking::NotTrusted { .. } => "NotTrusted",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::fields::WorkloadKind;
    use crate::api::readiness::TeamReadinessSpec;
    use crate::api::release::{CoordinatedReleaseSpec, CoordinatedReleaseStatus};
    use crate::cluster::objects::decode;

    const THEN: &str = "sha256:then";

    fn team() -> Team {
        let word = json!({"role": "lead", "release": "r/r", "decision": "Go", "digest": THEN, "by": "ana"});
        let text = json!({"metadata": {"namespace": "shop", "name": "shop", "uid": "t", "resourceVersion": "1"},
            "spec": {"workloads": [], "signOff": {"required": [{"role": "lead"}]}, "signOffs": [word]}});
        decode::<TeamReadinessSpec, TeamReadinessStatus>(&text.to_string()).expect("a team")
    }

    /// A release that would ship something else now, and counts this team's word for what it would have shipped then.
    fn release(carries: &str) -> Release {
        let text = json!({"metadata": {"namespace": "r", "name": "r", "uid": "r", "resourceVersion": "1"},
            "spec": {"participants": [], "steps": []}, "status": {"digest": "sha256:now",
                "carried": [{"team": carries, "digest": THEN, "part": "sha256:part"}]}});
        decode::<CoordinatedReleaseSpec, CoordinatedReleaseStatus>(&text.to_string()).expect("a release")
    }

    #[test]
    fn a_word_that_is_said_again_is_seen_anew_and_one_that_is_not_keeps_its_time() {
        let [first, later] = ["2027-01-12T09:00:00Z", "2027-01-13T10:00:00Z"].map(|at| at.parse().expect("an instant"));
        let mut team = team();
        let times = |team: &mut Team, now| {
            team.status.seen_sign_offs = seen_sign_offs(team, now);
            let counts = validate::team(&facts::meta(&team.meta), &team.spec, (&team.status).into(), &BTreeMap::new());
            let words: Vec<_> = counts.expect("a sound team").sign_offs.into_values().flatten().collect();
            words.iter().map(|word| word.seen).collect::<Vec<_>>()
        };
        assert_eq!(times(&mut team, first), [Some(first)]);
        assert_eq!(times(&mut team, later), [Some(first)]);
        team.spec.sign_offs[0].renewal = Some(1);
        assert_eq!(times(&mut team, later), [Some(later)]);
    }

    #[test]
    fn a_word_that_the_release_carries_over_counts_in_the_teams_own_status_too() {
        let now = "2027-01-12T09:00:00Z".parse().expect("an instant");
        let seen: Vec<SeenSignOff> =
            serde_json::from_value(json!([{"role": "lead", "seat": 1, "release": "r/r", "decision": "Go",
            "digest": THEN, "by": "ana", "at": "2027-01-12T08:59:00Z"}]))
            .expect("what was seen");
        let lacks = |carries| counted(&team(), &release(carries), &seen, now).expect("a tally").lacks.len();
        assert_eq!(lacks("shop/shop"), 0);
        assert_eq!(lacks("shop/other"), 1, "it is another team's word that is carried");
    }

    #[test]
    fn what_the_status_has_no_room_for_is_counted_in_the_condition() {
        let said = |count: usize| {
            let name = |n| format!("migrate-{n}");
            let status = |n| super::super::workloads::status_of(WorkloadKind::Job, &name(n), "Gated");
            let looked = |n| Looked { status: status(n), trouble: None, broken: None, overdue: false, until: None };
            let all: Vec<Looked> = (0..count).map(looked).collect();
            let mut conditions = Conditions::following(&[], 1, DateTime::UNIX_EPOCH);
            ready(&mut conditions, &all);
            conditions.finish().remove(0).message
        };
        assert_eq!(said(64), "64 workloads are under rollcall");
        assert_eq!(said(67), "3 workloads are left out of the status, which shows 64; 67 workloads are under rollcall");
    }
}
