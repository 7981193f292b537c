//! The word that is given: in which role, on which seat, and the write that gives it.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::content::Content;
use super::over::{Old, SIGN_OFFS};
use crate::api::readiness::{SignOff, SignOffDecision};
use crate::cli::Failure;
use crate::cli::cluster::{Cluster, Refusal, RefusalKind, nearest};
use crate::cluster::writes::{Resource, TEAMS};
use crate::digest::short;
use crate::domain::ObjectName;

const REVIEWS: Resource =
    Resource { group: "authentication.k8s.io", version: "v1", plural: "selfsubjectreviews", kind: "SelfSubjectReview" };
/// How often somebody else may write the team meanwhile before the person is told.
const ATTEMPTS: usize = 4;
/// The seats that a role has.
const SEATS: RangeInclusive<i32> = 1..=8;
/// How the API server calls a word, in refusing it, that only another may change.
const ANOTHERS: &str = "is somebody else's";

/// What is about to be said.
pub struct Word {
    pub decision: SignOffDecision,
    pub role: String,
    pub seat: i32,
    /// Which seat there is besides, should this one be somebody else's.
    another: Option<i32>,
    pub note: Option<String>,
    /// Who the API server takes the person for.
    pub me: String,
    /// The word on this seat that this one takes the place of.
    pub replaces: Option<String>,
    /// What the person said of releases that are over, which goes.
    pub old: Old,
    /// Which one it is, if the same was said before: an entry without any change would be the old word.
    pub renewal: Option<i32>,
}

/// Who the API server takes the person for.
pub async fn whoami(cluster: &Cluster) -> String {
    let asked = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = cluster.api.create(REVIEWS, "", "", asked).await;
    let name = answer.ok().and_then(|a| a["status"]["userInfo"]["username"].as_str().map(str::to_owned));
    name.unwrap_or_else(|| "you".to_owned())
}

/// Patches a team on exactly the version that was read; reads again if the team was changed meanwhile.
pub async fn written(
    cluster: &Cluster,
    name: &ObjectName,
    mut object: Value,
    patch: impl Fn(&Value) -> Value,
) -> Result<Value, Refusal> {
    let mut attempts = 1..;
    loop {
        let attempt = attempts.next().unwrap_or(ATTEMPTS);
        match cluster.api.patch(TEAMS, &name.namespace, &name.name, patch(&object)).await {
            Ok(written) => return Ok(written),
            Err(refusal) if refusal.kind == RefusalKind::Conflict && attempt < ATTEMPTS => {
                let again = cluster.api.get(TEAMS, &name.namespace, &name.name).await;
                object = again?.unwrap_or(object);
            }
            Err(refusal) => return Err(refusal),
        }
    }
}

impl Word {
    /// Chooses role and seat as the team's rules leave room for.
    pub async fn choose(
        cluster: &Cluster,
        content: &Content,
        role: Option<&str>,
        seat: Option<i32>,
        decision: SignOffDecision,
        note: Option<String>,
    ) -> Result<Self, Failure> {
        let me = whoami(cluster).await;
        let rules = content.team.spec.sign_off.as_ref().map(|rules| rules.required.as_slice()).unwrap_or_default();
        let roles: Vec<&str> = rules.iter().map(|r| r.role.as_str()).collect();
        let role = chosen(role, &roles, content)?;
        let release = content.release_name.to_string();
        let given: Vec<_> =
            content.team.spec.sign_offs.iter().filter(|s| s.release == release && s.role == role).collect();
        let mine = given.iter().find(|s| s.by.as_deref() == Some(&me)).map(|s| s.seat);
        // A word that does not count any more keeps its seat: so there are more of them than words that are asked for.
        let free = SEATS.filter(|n| given.iter().all(|s| s.seat != *n)).collect::<Vec<_>>();
        let seat = seat.or(mine).or(free.first().copied()).unwrap_or(1);
        let another = mine.into_iter().chain(free).find(|n| *n != seat);
        let there = given.iter().find(|s| s.seat == seat);
        let same = |s: &&&SignOff| s.decision == decision && s.digest == content.digest;
        let renewal = there.filter(same).map(|s| s.renewal.unwrap_or_default().saturating_add(1));
        let replaces = there
            .map(|s| format!("{} of {} for {}", s.decision, s.by.as_deref().unwrap_or("somebody"), short(&s.digest)));
        let old = Old::of(cluster, &content.team_object, SIGN_OFFS, &me).await;
        Ok(Self { decision, role, seat, another, note, me, replaces, old, renewal })
    }

    /// Writes it, on exactly the team that was read; reads again if the team was changed meanwhile. Returns who
    /// signed, as the API server stamped it.
    pub async fn give(&self, cluster: &Cluster, content: &Content) -> Result<String, Failure> {
        let object = content.team_object.clone();
        let written = written(cluster, &content.team_name, object, |team| self.patch(team, content)).await;
        let written = written.map_err(|refusal| self.refused(refusal, cluster))?;
        Ok(self.by(&written, content))
    }

    /// Why it was not taken.
    fn refused(&self, refusal: Refusal, cluster: &Cluster) -> Failure {
        let anothers = refusal.message.contains(ANOTHERS);
        let what = format!("{}: seat {} of {} is somebody else's", refusal.what, self.seat, self.role);
        match self.another.filter(|_| anothers) {
            Some(seat) => {
                Failure::forbidden(what, format!("take another seat: --seat {seat}")).because_of(refusal.message)
            }
            None => refusal.told(&cluster.api),
        }
    }

    fn patch(&self, team: &Value, content: &Content) -> Value {
        let mut all: Vec<Value> = team["spec"]["signOffs"].as_array().cloned().unwrap_or_default();
        all.retain(|word| !self.old.has(word) || self.is_this(word, content));
        let mut word = json!({"release": content.release_name.to_string(), "role": self.role, "seat": self.seat,
            "decision": self.decision, "digest": content.digest});
        if let Some(note) = &self.note {
            word["reason"] = note.as_str().into();
        }
        if let Some(renewal) = self.renewal {
            word["renewal"] = renewal.into();
        }
        match all.iter_mut().find(|s| self.is_this(s, content)) {
            Some(there) => *there = word,
            None => all.push(word),
        }
        json!([
            {"op": "replace", "path": "/metadata/resourceVersion", "value": team["metadata"]["resourceVersion"]},
            {"op": "add", "path": "/spec/signOffs", "value": all},
        ])
    }

    fn is_this(&self, entry: &Value, content: &Content) -> bool {
        entry["release"] == content.release_name.to_string()
            && entry["role"] == self.role.as_str()
            && entry["seat"].as_i64().unwrap_or(1) == i64::from(self.seat)
    }

    fn by(&self, team: &Value, content: &Content) -> String {
        let entries = team["spec"]["signOffs"].as_array();
        let this = entries.into_iter().flatten().find(|s| self.is_this(s, content));
        this.and_then(|s| s["by"].as_str()).unwrap_or("nobody: the API server did not stamp it").to_owned()
    }
}

fn chosen(role: Option<&str>, roles: &[&str], content: &Content) -> Result<String, Failure> {
    let team = &content.team_name;
    match (role, roles) {
        (_, []) => Err(Failure::no(
            format!("team {team} asks for no signature: its spec.signOff.required is empty"),
            format!("kubectl get tr {} -n {} -o yaml", team.name, team.namespace),
        )),
        (Some(role), roles) if roles.contains(&role) => Ok(role.to_owned()),
        (Some(role), roles) => {
            let near = nearest(role, roles.iter().copied()).unwrap_or(roles[0]);
            Err(Failure::usage(format!("team {team} has no role {role}"), format!("did you mean --role {near}?")))
        }
        (None, [only]) => Ok((*only).to_owned()),
        (None, roles) => Err(Failure::usage(
            format!("team {team} asks for several roles: {}", roles.join(", ")),
            format!("say in which you sign: --role {}", roles[0]),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::crds::crds;
    use crate::manifests::{Install, policies};

    #[test]
    fn seats_are_those_of_the_schema_and_the_guard_says_whose_one_is_as_it_is_read_here() {
        let team = crds()
            .into_iter()
            .find(|(_, crd)| crd["spec"]["names"]["kind"] == "TeamReadiness")
            .expect("a definition")
            .1;
        let entry = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/signOffs/items/properties/seat";
        let seat = team.pointer(entry).expect("a schema");
        let bounds = ["minimum", "maximum"].map(|bound| seat[bound].as_f64());
        assert_eq!(bounds, [Some(f64::from(*SEATS.start())), Some(f64::from(*SEATS.end()))]);
        let guard =
            policies(&Install::default()).into_iter().find(|p| p["metadata"]["name"] == "guard-signoff.rollcall.dev");
        assert!(guard.expect("a guard")["spec"].to_string().contains(ANOTHERS));
    }
}
