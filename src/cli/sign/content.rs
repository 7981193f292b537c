//! What is signed: every member, its images, and how it differs from what runs.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::diff::{Difference, differences};
use super::word::Word;
use crate::api::fields::WorkloadKind;
use crate::cli::Failure;
use crate::cli::cluster::read::{self, Examined};
use crate::cli::cluster::{Cluster, RefusalKind};
use crate::cli::screen::Screen;
use crate::cli::screen::text::{count, cut, inert};
use crate::cluster::objects::{Team, decode};
use crate::cluster::writes::{Resource, TEAMS};
use crate::controllers::release::situation::workloads_named;
use crate::digest::short;
use crate::domain::ObjectName;

const REPLICA_SETS: Resource = Resource { group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet" };
const REVISIONS: Resource =
    Resource { group: "apps", version: "v1", plural: "controllerrevisions", kind: "ControllerRevision" };
/// At most so many differences of a member are printed; how many there are is always said.
const PRINTED: usize = 40;

/// What would be signed.
pub struct Content {
    pub team_name: ObjectName,
    pub team: Team,
    /// The team as it was read, to be written back.
    pub team_object: Value,
    pub release_name: ObjectName,
    pub digest: String,
    pub members: Vec<Member>,
    /// What the team answers for.
    responsibility: Option<String>,
    unseen: Vec<String>,
}

/// One workload of the release.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub step: String,
    pub workload: String,
    /// The signing team's own.
    pub own: bool,
    /// held, free, or absent.
    pub state: &'static str,
    pub images: Vec<String>,
    /// How it differs from what runs; `None` if that is not known.
    pub changes: Option<Vec<Difference>>,
    /// Nothing of it runs yet.
    pub new: bool,
}

impl Content {
    /// Reads everything that the digest is made of, as far as the person may see it.
    pub async fn read(cluster: &Cluster, team: &str, release: &str) -> Result<Self, Failure> {
        let release_name = cluster.named(release);
        let examined = match read::release(cluster, &release_name).await {
            Ok(release) => Some(read::examine(cluster, release, None).await?),
            // Who signs for a team need not be able to see the release: the team's status says what is asked.
            Err(failure) if failure.code == 4 => None,
            Err(failure) => return Err(failure),
        };
        let team_name = team_named(cluster, team, examined.as_ref());
        let found = cluster.api.get(TEAMS, &team_name.namespace, &team_name.name).await;
        let found = found.map_err(|r| r.told(&cluster.api))?;
        let Some(team_object) = found else {
            return Err(read::unknown(cluster, TEAMS, &team_name).await);
        };
        let team: Team = decode(&team_object.to_string()).map_err(|why| {
            let help = format!("kubectl edit tr {} -n {}", team_name.name, team_name.namespace);
            Failure::unreachable(format!("TeamReadiness {team_name} cannot be read"), help).because_of(why)
        })?;
        let mut content = Self {
            digest: asked(&team, &release_name, examined.as_ref())?,
            team_name,
            team,
            team_object,
            members: Vec::new(),
            responsibility: None,
            unseen: Vec::new(),
            release_name,
        };
        match &examined {
            Some(examined) => content.members(cluster, examined).await?,
            None => content.own(cluster).await?,
        }
        Ok(content)
    }

    /// The team's own workloads, for who may not see the release.
    async fn own(&mut self, cluster: &Cluster) -> Result<(), Failure> {
        self.unseen.push(format!("CoordinatedRelease {}, and so what else ships", self.release_name));
        let namespace = self.team_name.namespace.clone();
        for listed in self.team.spec.workloads.clone() {
            match member(cluster, "", listed.kind, &namespace, &listed.name, true).await {
                Ok(member) => self.members.push(member),
                Err(refusal) if refusal.kind == RefusalKind::Forbidden => self.unseen.push(refusal.what),
                Err(refusal) => return Err(refusal.told(&cluster.api)),
            }
        }
        Ok(())
    }

    async fn members(&mut self, cluster: &Cluster, examined: &Examined) -> Result<(), Failure> {
        let release = &examined.release;
        let mine = release
            .spec
            .participants
            .iter()
            .find(|p| p.team.namespace == self.team_name.namespace && p.team.name == self.team_name.name);
        self.responsibility = mine.map(|p| p.responsibility.clone());
        self.unseen.extend(examined.unseen.iter().cloned());
        let steps = release.spec.steps.iter().filter(|s| s.workload.is_some());
        let reads = steps.clone().zip(workloads_named(release)).map(|(step, (kind, namespace, name))| {
            let own = mine.is_some_and(|p| step.participant.as_ref() == Some(&p.name));
            member(cluster, &step.name, kind, namespace, name, own)
        });
        for found in futures::future::join_all(reads).await {
            match found {
                Ok(member) => self.members.push(member),
                Err(refusal) if refusal.kind == RefusalKind::Forbidden => self.unseen.push(refusal.what),
                Err(refusal) => return Err(refusal.told(&cluster.api)),
            }
        }
        self.unseen.sort();
        self.unseen.dedup();
        Ok(())
    }

    /// What is signed, for the person who signs.
    pub fn shown(&self, word: &Word, screen: &Screen) -> String {
        let mut out = format!(
            "Sign {} as {} for team {}: what {} would ship\n\n{} {}\n",
            screen.strong(&word.decision.to_string()),
            inert(&word.role),
            screen.strong(&inert(&self.team_name.to_string())),
            screen.strong(&inert(&self.release_name.to_string())),
            screen.faint("digest    "),
            short(&self.digest),
        );
        if let Some(responsibility) = &self.responsibility {
            out.push_str(&format!("{} {}\n", screen.faint("you answer"), inert(responsibility)));
        }
        let valid = self.team.spec.sign_off.as_ref().and_then(|rules| rules.valid_for.as_deref()).unwrap_or("24h");
        out.push_str(&format!("{} {}, for this content only\n", screen.faint("holds     "), inert(valid)));
        if let Some(before) = &word.replaces {
            out.push_str(&format!("{} {}\n", screen.faint("replaces  "), inert(before)));
        }
        out.push('\n');
        for member in &self.members {
            shown(&mut out, member, screen);
        }
        for unseen in &self.unseen {
            out.push_str(&format!("{} {}\n", screen.wait("not visible to you:"), inert(unseen)));
        }
        out.push('\n');
        out
    }
}

fn shown(out: &mut String, member: &Member, screen: &Screen) {
    let own = if member.own { " (yours)" } else { "" };
    let dot = screen.dot();
    let step = if member.step.is_empty() { String::new() } else { format!("{dot}step {}", inert(&member.step)) };
    out.push_str(&format!("{}{own}{step}{dot}{}\n", screen.strong(&inert(&member.workload)), member.state));
    let room = screen.width.map_or(usize::MAX, |w| w.saturating_sub(6));
    match &member.changes {
        None if member.state == "absent" => out.push_str("    does not exist yet\n"),
        None if member.new => {
            out.push_str("    all of it is new\n");
            for image in &member.images {
                out.push_str(&format!("    {}\n", screen.good(&cut(&format!("+ image {}", inert(image)), room))));
            }
        }
        None => out.push_str("    what runs now is not known, so it cannot be compared\n"),
        Some(changes) if changes.is_empty() => out.push_str("    as it runs now: nothing changes\n"),
        Some(changes) => {
            for change in changes.iter().take(PRINTED) {
                out.push_str(&format!("    {}\n", inert(&change.path)));
                if let Some(before) = &change.before {
                    out.push_str(&format!("      {}\n", screen.bad(&cut(&format!("- {}", inert(before)), room))));
                }
                if let Some(after) = &change.after {
                    out.push_str(&format!("      {}\n", screen.good(&cut(&format!("+ {}", inert(after)), room))));
                }
            }
            if changes.len() > PRINTED {
                let more = count(changes.len() - PRINTED, "more change");
                out.push_str(&format!("    and {more}: -o json lists all\n"));
            }
        }
    }
}

/// The team that a person means: a name alone may be a team of another namespace that takes part.
fn team_named(cluster: &Cluster, text: &str, examined: Option<&Examined>) -> ObjectName {
    let named = cluster.named(text);
    let parts = examined.iter().flat_map(|e| &e.release.spec.participants);
    let teams: Vec<ObjectName> = parts.map(|p| ObjectName::new(&p.team.namespace, &p.team.name)).collect();
    if text.contains('/') || teams.contains(&named) {
        return named;
    }
    let mut same = teams.iter().filter(|t| t.name == text);
    match (same.next(), same.next()) {
        (Some(only), None) => only.clone(),
        _ => named,
    }
}

/// The digest that the operator asks the team to sign.
fn asked(team: &Team, release: &ObjectName, examined: Option<&Examined>) -> Result<String, Failure> {
    let us = super::invoked_as();
    let status = team.status.releases.iter().find(|r| r.release == release.to_string());
    let from_release = examined.and_then(|e| e.release.status.digest.clone());
    let Some(digest) = from_release.or_else(|| status.and_then(|r| r.digest.clone())) else {
        let what = format!("the operator has not yet said what {release} would ship");
        return Err(Failure::no(what, format!("{us} status {release}")));
    };
    // Signing what the operator has not seen yet would be stale at once.
    let now = examined.filter(|e| e.unseen.is_empty()).and_then(|e| e.sound.as_ref()).map(|(_, d)| &d.digest);
    if let Some(now) = now.filter(|now| **now != digest) {
        let what = format!(
            "what would ship is changing: it is {} now, and the operator last saw {}",
            short(now),
            short(&digest)
        );
        return Err(Failure::no(what, "run the command again in a moment"));
    }
    Ok(digest)
}

/// One workload, and how it differs from what runs.
async fn member(
    cluster: &Cluster,
    step: &str,
    kind: WorkloadKind,
    namespace: &str,
    name: &str,
    own: bool,
) -> Result<Member, crate::cli::cluster::Refusal> {
    let found = cluster.api.get(Resource::of(kind), namespace, name).await?;
    let workload = format!("{} {namespace}/{name}", kind.as_str());
    let Some(object) = found else {
        let (images, changes) = (Vec::new(), None);
        return Ok(Member { step: step.to_owned(), workload, own, state: "absent", images, changes, new: false });
    };
    let held = object["metadata"]["annotations"][crate::api::names::HOLD].as_str().is_some_and(|h| !h.is_empty());
    let template = read::pod_template(kind, &object);
    let running = if held { running(cluster, kind, namespace, &object).await } else { Running::This };
    Ok(Member {
        step: step.to_owned(),
        workload,
        own,
        state: if held { "held" } else { "free" },
        images: read::images(template),
        new: matches!(running, Running::Nothing),
        changes: match running {
            Running::Template(runs) => Some(differences(&runs, template)),
            Running::This => Some(Vec::new()),
            Running::Nothing | Running::Unknown => None,
        },
    })
}

/// What runs of a workload whose new content is held.
enum Running {
    Template(Value),
    /// What is stored is what runs.
    This,
    Nothing,
    Unknown,
}

async fn running(cluster: &Cluster, kind: WorkloadKind, namespace: &str, object: &Value) -> Running {
    let resource = match kind {
        WorkloadKind::Deployment => REPLICA_SETS,
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => REVISIONS,
        // A held Job has never run, and another of its name would have to be deleted first.
        WorkloadKind::Job => return Running::Nothing,
        WorkloadKind::CronJob => return Running::Unknown,
    };
    let labels = object["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    let labels: Vec<String> = labels.filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    let query = format!("&labelSelector={}", crate::cli::cluster::encoded(&labels.join(",")));
    let Ok(found) = cluster.api.list(resource, namespace, &query).await else {
        return Running::Unknown;
    };
    let uid = &object["metadata"]["uid"];
    let owned = found.iter().filter(|o| {
        o["metadata"]["ownerReferences"].as_array().into_iter().flatten().any(|owner| owner["uid"] == *uid)
    });
    let current = &object["status"]["currentRevision"];
    let newest = owned.max_by_key(|o| {
        let noted = &o["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
        let number = noted.as_str().and_then(|r| r.parse::<i64>().ok()).or_else(|| o["revision"].as_i64());
        (!current.is_null() && o["metadata"]["name"] == *current, number.unwrap_or(0))
    });
    match newest {
        None => Running::Nothing,
        Some(found) if kind == WorkloadKind::Deployment => Running::Template(found["spec"]["template"].clone()),
        Some(found) => {
            let mut template = found["data"]["spec"]["template"].clone();
            if let Some(template) = template.as_object_mut() {
                template.remove("$patch");
            }
            Running::Template(template)
        }
    }
}
