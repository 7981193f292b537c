//! The writes to workloads that a decision asks for, each on exactly the version that was decided on. What
//! cannot be done is remembered for a while and told; the next decision says so.

use chrono::{DateTime, Utc};

use super::observe::read_workload;
use crate::api::time::from_wire;
use crate::cluster::ResourceVersion;
use crate::cluster::objects::Release;
use crate::cluster::workloads::Workload;
use crate::cluster::writes::ApiError;
use crate::controllers::events::{self, Moment};
use crate::controllers::facts;
use crate::controllers::letting_go::let_go;
use crate::controllers::world::World;
use crate::domain::names::WorkloadName;
use crate::domain::scheduling::situation::{Former, Refusal};
use crate::domain::scheduling::{Act, GRANT_VALIDITY, released_by};
use crate::domain::workload::held_back;
use crate::validate::wire_kind;

/// Does one thing to one workload.
pub async fn touch(world: &World, release: &Release, digest: &str, act: &Act) {
    let (step, workload) = (act.step(), act.workload());
    let key = &release.meta.key;
    match written(world, release, digest, act).await {
        Ok(Written::Done(version)) => {
            world.remember_refusal(key, step, None);
            let (verb, version) = (act.verb(), version.as_str());
            tracing::info!(event = "touched", release = %key, step, %workload, verb, version, "done");
            if let Some(moment) = done(act) {
                events::about_release(world, release, moment).await;
            }
        }
        Ok(Written::FormerGone) => {
            world.remember_refusal(key, step, Some(Refusal::FormerGone));
            tracing::warn!(event = "former_gone", release = %key, step, %workload, "nothing to put back");
        }
        Err(error) => {
            if matches!(error, ApiError::Conflict { .. }) {
                world.metrics.cas_conflict();
            }
            tracing::warn!(event = "touch_failed", release = %key, step, %workload, verb = act.verb(), "{error}");
            if let ApiError::Forbidden { message, .. } | ApiError::Refused { message, .. } = &error {
                refused(world, release, act, message).await;
            }
        }
    }
    // Whatever came of it, look again: a conflict means new facts, and a void grant must be given anew.
    world.queues.releases.add_at(key.clone(), world.clock.now() + chrono::TimeDelta::seconds(1));
}

/// The API server does not let rollcall do what was decided on, and says why: whoever waits is told so, and it is tried
/// again later.
pub async fn refused(world: &World, release: &Release, act: &Act, said: &str) {
    let (step, workload) = (act.step(), act.workload());
    world.remember_refusal(&release.meta.key, step, Some(Refusal::NotAllowed(said.to_owned())));
    let note = format!("step {step}: {workload}: {said}");
    events::about_release(world, release, Moment { reason: "NotAuthorized", action: "Touch", note, warning: true })
        .await;
}

enum Written {
    Done(ResourceVersion),
    /// The revision to put back is gone, or is not the one that ran.
    FormerGone,
}

async fn written(world: &World, release: &Release, digest: &str, act: &Act) -> Result<Written, ApiError> {
    let name = act.workload();
    let found = read_workload(world, wire_kind(name.kind), &name.namespace, &name.name).await?;
    let found = found.ok_or_else(|| ApiError::NotFound { what: name.to_string() })?;
    if !may_be_touched(&found, act, world.stopped().is_some()) {
        return Err(ApiError::Conflict { what: name.to_string() });
    }
    let owner = facts::name(&release.meta.key);
    let version = match act {
        Act::Grant { step, .. } | Act::Release { step, .. } => {
            let until = granted_until(world, release, act).await?;
            let by = until.ok_or_else(|| ApiError::Conflict { what: release.meta.key.to_string() })?;
            let why = released_by(&owner, step, digest);
            let from_claim = claimed_by_the_ended(world, &found).await?;
            let_go(world, &found, &why, by, from_claim).await?
        }
        Act::RollBack { former, marker, from, .. } => {
            let Some(former) = kept(world, name, &found, former).await? else {
                return Ok(Written::FormerGone);
            };
            world.objects.roll_back(&found, &former, marker, from).await?
        }
        Act::Unpin { template, .. } => world.objects.unpin(&found, template).await?,
        Act::Keep { .. } => world.objects.keep(&found, &owner.to_string()).await?,
        Act::HoldBack { template, .. } => world.objects.hold_back(&found, &held_back(template)).await?,
        Act::Withdraw { step, .. } => world.objects.withdraw(&found, &format!("{owner} {step}")).await?,
    };
    world.stores.workloads(found.kind).expect_at_least(found.key.clone(), version.clone());
    Ok(Written::Done(version))
}

/// Everything stops at once, but for what keeps others from going on; and what was decided on is not touched in any other
/// version.
fn may_be_touched(found: &Workload, act: &Act, stopped: bool) -> bool {
    let withdraws = matches!(act, Act::Withdraw { .. });
    let lets_go = matches!(act, Act::Grant { .. } | Act::Release { .. });
    let wants_held = withdraws || lets_go || matches!(act, Act::Keep { .. } | Act::HoldBack { .. });
    (!stopped || withdraws) && found.version.as_str() == act.version() && (!wants_held || found.hold.is_some())
}

/// Until when the grant for this version counts, if the release is there still and has it on record: with a release that
/// was deleted, was cancelled or goes back its grants are void, and so they are with one that was made anew under the
/// same name.
async fn granted_until(world: &World, release: &Release, act: &Act) -> Result<Option<DateTime<Utc>>, ApiError> {
    let key = &release.meta.key;
    let found = world.read_release(key).await?.and_then(Result::ok);
    Ok(found.filter(|now: &Release| now.meta.uid == release.meta.uid).and_then(|now| granted(&now, act)))
}

/// Until when the grant for an act counts that a release, as it is now, has on record.
fn granted(release: &Release, act: &Act) -> Option<DateTime<Utc>> {
    let mut steps = release.status.steps.iter().filter(|step| step.name == act.step());
    let over = release.meta.terminating || release.spec.cancel.is_some() || release.status.rollback.is_some();
    let grant = steps.find_map(|step| step.grant.as_ref()).filter(|_| !over)?;
    let stands = grant.workload_version == act.version() && grant.withdrawn_at.is_none();
    Some(from_wire(&grant.at)? + GRANT_VALIDITY).filter(|_| stands)
}

/// Whether a workload is marked as held for a release that has ended: whoever takes it over takes the mark away.
async fn claimed_by_the_ended(world: &World, found: &Workload) -> Result<bool, ApiError> {
    let Some(claimant) = facts::workload(found).claim else {
        return Ok(false);
    };
    let claimant = facts::key(&claimant);
    if world.stores.releases.get(&claimant).is_some() {
        return Ok(false);
    }
    let release = world.read_release(&claimant).await?.and_then(Result::ok);
    Ok(release.is_some_and(|release| release.status.finished == Some(true)))
}

/// The revision that ran before, if it is still kept and says what it said.
async fn kept(
    world: &World,
    name: &WorkloadName,
    found: &Workload,
    former: &Former,
) -> Result<Option<crate::cluster::revisions::Former>, ApiError> {
    let kept = world.objects.revision(found.kind, &name.namespace, &former.name).await?;
    Ok(kept.filter(|kept| kept.owner == found.uid && kept.digest == former.template))
}

/// What people are told of something that was done.
fn done(act: &Act) -> Option<Moment> {
    let (step, workload) = (act.step(), act.workload());
    let (reason, action, note, warning) = match act {
        Act::Grant { .. } | Act::Release { .. } => {
            ("StepReleased", "Release", format!("step {step}: {workload} may roll out"), false)
        }
        Act::RollBack { former, .. } => {
            let note = format!("step {step}: {workload} goes back to {}", former.name);
            ("StepRollingBack", "RollBack", note, true)
        }
        Act::Unpin { .. } => ("StepRolledBack", "RollBack", format!("step {step}: {workload} is back"), true),
        Act::HoldBack { .. } => {
            let note = format!("step {step}: {workload} had not gone, and stays held until another release takes it");
            ("StepHeldBack", "RollBack", note, true)
        }
        Act::Keep { .. } | Act::Withdraw { .. } => return None,
    };
    Some(Moment { reason, action, note, warning })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::fields::WorkloadKind;
    use crate::cluster::objects::decode;
    use crate::cluster::workloads::decode as workload;
    use crate::domain::names::Kind;

    fn about(act: &str, version: &str) -> Act {
        let workload = WorkloadName { kind: Kind::Deployment, namespace: "shop".into(), name: "api".into() };
        let (step, version, template) = ("api".to_owned(), version.to_owned(), "t".to_owned());
        let all = [
            Act::Grant {
                step: step.clone(),
                workload: workload.clone(),
                uid: "u".into(),
                version: version.clone(),
                template: template.clone(),
                overridden: None,
            },
            Act::Release {
                step: step.clone(),
                workload: workload.clone(),
                version: version.clone(),
                template: template.clone(),
            },
            Act::RollBack {
                step: step.clone(),
                workload: workload.clone(),
                version: version.clone(),
                former: Former { name: "api-1".into(), template: template.clone() },
                marker: "m".into(),
                from: vec!["f".into()],
            },
            Act::Unpin {
                step: step.clone(),
                workload: workload.clone(),
                version: version.clone(),
                template: template.clone(),
            },
            Act::HoldBack { step: step.clone(), workload: workload.clone(), version: version.clone(), template },
            Act::Keep { step: step.clone(), workload: workload.clone(), version: version.clone() },
            Act::Withdraw { step, workload, version },
        ];
        all.into_iter().find(|one| one.verb() == act).expect("there is such an act")
    }

    #[test]
    fn a_workload_is_touched_only_in_the_version_that_was_decided_on() {
        let stored = |hold: serde_json::Value| -> Workload {
            let text = json!({"metadata": {"namespace": "shop", "name": "api", "uid": "u", "resourceVersion": "7",
                "annotations": hold}, "spec": {"template": {}}, "status": {}});
            workload(WorkloadKind::Deployment, &text.to_string()).expect("a workload")
        };
        let (held, free) = (stored(json!({"rollcall.dev/hold": "policy"})), stored(json!({})));
        for act in ["grant", "release", "roll-back", "unpin", "keep", "hold-back", "withdraw"] {
            assert!(may_be_touched(&held, &about(act, "7"), false), "{act}");
            assert!(!may_be_touched(&held, &about(act, "6"), false), "{act}: it has changed since");
            let though_free = ["roll-back", "unpin"].contains(&act);
            assert_eq!(may_be_touched(&free, &about(act, "7"), false), though_free, "{act}: nobody holds it any more");
            assert_eq!(
                may_be_touched(&held, &about(act, "7"), true),
                act == "withdraw",
                "{act}: everything was stopped"
            );
        }
    }

    #[test]
    fn people_are_told_what_went_what_goes_back_and_what_stays_held() {
        let told = |act: &str| done(&about(act, "7")).map(|moment| (moment.reason, moment.warning));
        for act in ["grant", "release"] {
            assert_eq!(told(act), Some(("StepReleased", false)), "{act}");
        }
        assert_eq!(told("roll-back"), Some(("StepRollingBack", true)));
        assert_eq!(told("unpin"), Some(("StepRolledBack", true)));
        assert_eq!(told("hold-back"), Some(("StepHeldBack", true)));
        assert_eq!((told("keep"), told("withdraw")), (None, None), "nobody waits for that");
    }

    #[test]
    fn nothing_is_let_go_on_a_grant_that_went_with_its_release_or_was_withdrawn() {
        let release = |deleted: Option<&str>, grant: serde_json::Value| -> Release {
            let text = json!({"metadata": {"namespace": "r", "name": "r", "uid": "u", "resourceVersion": "1",
                "deletionTimestamp": deleted}, "spec": {"participants": [], "steps": []},
                "status": {"steps": [{"name": "api", "state": "Granted", "grant": grant}]}});
            decode(&text.to_string()).expect("a release")
        };
        let grant = json!({"format": 1, "at": "2027-01-12T09:00:00Z", "digest": "d", "workloadUid": "u",
            "workloadVersion": "7", "template": "t"});
        let act = |version: &str| Act::Release {
            step: "api".into(),
            workload: WorkloadName { kind: Kind::Deployment, namespace: "shop".into(), name: "api".into() },
            version: version.into(),
            template: "t".into(),
        };
        assert_eq!(granted(&release(None, grant.clone()), &act("7")), from_wire("2027-01-12T09:00:05Z"));
        assert!(granted(&release(None, grant.clone()), &act("8")).is_none(), "it is for another version");
        assert!(
            granted(&release(Some("2027-01-12T09:00:01Z"), grant.clone()), &act("7")).is_none(),
            "it is being deleted"
        );
        let mut goes_back = release(None, grant.clone());
        let began = json!({"since": "2027-01-12T09:00:01Z", "cause": "it failed"});
        goes_back.status.rollback = serde_json::from_value(began).expect("a rollback");
        assert!(granted(&goes_back, &act("7")).is_none(), "it goes back");
        let mut cancelled = release(None, grant.clone());
        cancelled.spec.cancel = serde_json::from_value(json!({"reason": "no"})).expect("a cancel");
        assert!(granted(&cancelled, &act("7")).is_none(), "it is cancelled");
        assert!(granted(&release(None, json!(null)), &act("7")).is_none(), "it was made anew");
        let mut withdrawn = grant;
        withdrawn["withdrawnAt"] = json!("2027-01-12T09:00:01Z");
        assert!(granted(&release(None, withdrawn), &act("7")).is_none());
    }
}
