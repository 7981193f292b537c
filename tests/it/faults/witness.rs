//! What happened on a real control plane, as the judge of `proof` reads it: every version that a watch of our own was
//! shown, with who wrote it and when by the word of the API server's audit log. Nothing is asked of rollcall.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use proof::history::{Entry, History};
use serde_json::Value;

use crate::support::recorder::{Recorder, Version, version};
use crate::support::stage::{Stage, resource};
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

    /// Everything until now.
    pub async fn history(&self, stage: &Stage<'_>) -> Done<History> {
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
        let known = |v: &Version| seen.iter().any(|s| s.kind == v.kind && s.at == v.at);
        let mut all: Vec<Version> = self.before.iter().filter(|v| !known(v)).cloned().chain(seen.clone()).collect();
        all.sort_by_key(|v| v.at);
        let identities = identities(&all);
        let mut history = History::new(OPERATOR, "rollcall-system", Utc::now());
        let mut last = self.begun;
        for version in all {
            let by = written.get(&version.at);
            // What no request wrote by itself (a garbage collector's last step) came right after what was before it.
            last = by.map_or(last, |by| by.at.max(last));
            history.entries.push(Entry {
                version: version.at,
                at: last,
                actor: by.map(|by| by.user.clone()).unwrap_or_default(),
                replica: by.and_then(|by| identities.get(&by.agent)).cloned().unwrap_or_default(),
                kind: version.kind,
                object: version.object,
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
            written.entry(version).or_insert(Written { user, agent, at });
        }
    }
    Ok(written)
}

/// Under which identity each process held the lease, by the name that it gave as its user agent.
fn identities(all: &[Version]) -> BTreeMap<String, String> {
    let holders = all.iter().filter(|v| v.kind == "Lease" && v.name() == "rollcall");
    let holders = holders.filter_map(|v| v.object["spec"]["holderIdentity"].as_str());
    holders.filter_map(|holder| Some((holder.split('_').next()?.to_owned(), holder.to_owned()))).collect()
}

/// What of an account of rollcall's was asked to be deleted or created: it has nothing to create and nothing to delete.
pub async fn foreign_deeds(installed: &Installed) -> Done<Vec<String>> {
    let events = installed.plane.audit_events()?;
    let own = events.iter().filter(|e| e["user"]["username"] == OPERATOR);
    let deeds = own.filter(|e| ["create", "delete", "deletecollection"].iter().any(|verb| e["verb"] == *verb));
    let beside = ["leases", "events", "subjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"];
    let object = |e: &Value| format!("{} {} {}", e["verb"], e["objectRef"]["resource"], e["objectRef"]["name"]);
    Ok(deeds.filter(|e| !beside.iter().any(|r| e["objectRef"]["resource"] == *r)).map(object).collect())
}

/// The plural of a kind, as the audit log names it.
pub fn plural(kind: &str) -> String {
    resource(kind).plural
}
