//! What happened on a real control plane, as the judge of `proof` reads it: every version that a watch of our own was
//! shown, with who wrote it and when by the word of the API server's audit log. Nothing is asked of rollcall.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use proof::history::{Entry, History};
use rollcall::api::names::FIELD_MANAGER;
use serde_json::Value;

use crate::support::recorder::{Recorder, Version, version};
use crate::support::stage::Stage;
use crate::support::{Done, Installed};

/// The user as whom every process of the operator acts.
pub const OPERATOR: &str = "system:serviceaccount:rollcall-system:rollcall";

/// Everything that a property asks for, and that rollcall might touch. Pods say nothing of what it did.
const KINDS: [&str; 14] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "DeploymentWindow",
    "TeamReadiness",
    "CoordinatedRelease",
    "Namespace",
    "Lease",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

/// A witness under way.
pub struct Witness {
    recorder: Recorder,
    /// What was there before.
    before: Vec<Version>,
    begun: DateTime<Utc>,
}

/// Who wrote something, by which process, and when.
struct Written {
    user: String,
    agent: String,
    at: DateTime<Utc>,
    object: Value,
    deletes: bool,
}

impl Written {
    /// What was written, if it is of a kind that counts: a watch that an API server's death broke off may have missed
    /// it. What an answer says of a deletion is no version.
    fn version(&self, at: u64) -> Option<Version> {
        let kind = self.object["kind"].as_str().filter(|kind| KINDS.contains(kind))?;
        let object = Some(&self.object).filter(|o| o["metadata"]["uid"].is_string() && !self.deletes)?;
        Some(Version { kind: kind.to_owned(), object: object.clone(), deleted: false, at })
    }
}

impl Witness {
    /// Begins to look. What is there already counts as written now, by nobody.
    pub async fn begin(stage: &Stage<'_>) -> Done<Self> {
        let recorder = Recorder::of(stage.installed, &KINDS).await?;
        let mut before = Vec::new();
        for kind in KINDS {
            for mut object in stage.list(kind, "").await? {
                object["kind"] = kind.into();
                before.push(Version { kind: kind.to_owned(), at: version(&object), object, deleted: false });
            }
        }
        Ok(Self { recorder, before, begun: Utc::now() })
    }

    /// Judges everything until now: no property of safety is broken, and rollcall created and deleted nothing.
    pub async fn judges(&self, stage: &Stage<'_>) -> Done {
        let mut history = self.history(stage).await?;
        let wrong: Vec<String> = proof::properties::safety(&history).iter().map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(foreign_deeds(stage.installed).await?, Vec::<String>::new());
        // The judge is awake: of a history in which no grant was ever written it says so.
        history.entries.retain(|e| e.kind != "CoordinatedRelease");
        let missed = proof::properties::safety(&history).into_iter().filter(|v| v.property == "S1").count();
        assert!(missed > 0, "nothing went, or whatever went was not seen");
        Ok(())
    }

    /// Everything until now.
    async fn history(&self, stage: &Stage<'_>) -> Done<History> {
        for kind in KINDS {
            let newest = stage.list(kind, "").await?.iter().map(version).max().unwrap_or(0);
            stage
                .installed
                .until(&format!("the witness has seen all of kind {kind}"), || async {
                    Ok((self.recorder.seen(kind) >= newest).then_some(()))
                })
                .await?;
        }
        let written = written(stage).await?;
        let seen = self.recorder.history();
        let known: BTreeSet<(String, u64)> = seen.iter().map(|v| (v.kind.clone(), v.at)).collect();
        let unknown = |v: &Version| !known.contains(&(v.kind.clone(), v.at));
        let logged = written.iter().filter_map(|(at, by)| by.version(*at));
        let before = self.before.iter().cloned();
        let mut all: Vec<Version> = before.chain(logged).filter(unknown).chain(seen).collect();
        all.sort_by_key(|v| v.at);
        let identities = identities(&all);
        let mut history = History::new(OPERATOR, "rollcall-system", Utc::now());
        let mut last = self.begun;
        let mut generations: BTreeMap<String, i64> = BTreeMap::new();
        for version in all {
            let generation = version.object["metadata"]["generation"].as_i64().unwrap_or(0);
            let uid = version.object["metadata"]["uid"].to_string();
            let specified = generations.insert(uid, generation).is_some_and(|before| before != generation);
            let by = written.get(&version.at);
            // What no request wrote by itself (a garbage collector's last step) came right after what was before it.
            last = by.map_or(last, |by| by.at.max(last));
            history.entries.push(Entry {
                version: version.at,
                at: last,
                actor: by.map_or_else(|| unlogged(&version, specified), |by| by.user.clone()),
                replica: by.and_then(|by| identities.get(&by.agent)).cloned().unwrap_or_default(),
                kind: version.kind,
                object: version.object.into(),
                deleted: version.deleted,
            });
        }
        Ok(history)
    }
}

/// Every write that the API server did, by the version of the store that came of it.
async fn written(stage: &Stage<'_>) -> Done<BTreeMap<u64, Written>> {
    let mut written = BTreeMap::new();
    for event in stage.audited().await? {
        let verb = event["verb"].as_str().unwrap_or_default();
        let done = event["responseStatus"]["code"].as_u64().is_some_and(|code| code < 300);
        let version = version(&event["responseObject"]);
        let at = event["stageTimestamp"].as_str().and_then(|t| t.parse().ok());
        if let (true, true, Some(at)) =
            (["create", "update", "patch", "delete"].contains(&verb) && done, version > 0, at)
        {
            let user = event["user"]["username"].as_str().unwrap_or_default().to_owned();
            let agent = event["userAgent"].as_str().unwrap_or_default().to_owned();
            // A patch that changes nothing answers with the version of whoever wrote before: the first one counts.
            written.entry(version).or_insert(Written {
                user,
                agent,
                at,
                object: event["responseObject"].clone(),
                deletes: verb == "delete",
            });
        }
    }
    Ok(written)
}

/// Who wrote last by the word of the object itself: for what the API server stored and then died before its log said
/// so. Rollcall's manager stands for its account. An object that is gone tells only who wrote before: whether rollcall
/// deletes anything, `foreign_deeds` asks.
///
/// The times are whole seconds, in which a release's status is written as well: who `specified` something anew in one of
/// our own kinds, of which rollcall has no part, is among those who have one.
fn unlogged(version: &Version, specified: bool) -> String {
    if version.deleted {
        return String::new();
    }
    let ours = ["CoordinatedRelease", "TeamReadiness", "DeploymentWindow"].contains(&&*version.kind);
    let managers = version.object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let last = managers
        .filter(|m| !(ours && specified) || m["fieldsV1"]["f:spec"].is_object())
        .max_by_key(|m| m["time"].as_str().map(str::to_owned));
    let name = last.and_then(|m| m["manager"].as_str()).unwrap_or_default();
    if name == FIELD_MANAGER { OPERATOR.to_owned() } else { name.to_owned() }
}

/// Under which identity each process held the lease, by the name that it gave as its user agent.
fn identities(all: &[Version]) -> BTreeMap<String, String> {
    let holders = all.iter().filter(|v| v.kind == "Lease" && v.name() == "rollcall");
    let holders = holders.filter_map(|v| v.object["spec"]["holderIdentity"].as_str());
    holders.filter_map(|holder| Some((holder.split('_').next()?.to_owned(), holder.to_owned()))).collect()
}

/// What of an account of rollcall's was asked to be deleted or created: it has nothing to create and nothing to delete.
async fn foreign_deeds(installed: &Installed) -> Done<Vec<String>> {
    let events = installed.plane.audit_events()?;
    let own = events.iter().filter(|e| e["user"]["username"] == OPERATOR);
    let deeds = own.filter(|e| ["create", "delete", "deletecollection"].iter().any(|verb| e["verb"] == *verb));
    let beside = ["leases", "events", "subjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"];
    let object = |e: &Value| format!("{} {} {}", e["verb"], e["objectRef"]["resource"], e["objectRef"]["name"]);
    Ok(deeds.filter(|e| !beside.iter().any(|r| e["objectRef"]["resource"] == *r)).map(object).collect())
}
