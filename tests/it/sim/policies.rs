//! The admission policies of the simulation's API server: the product's own rules ([`rollcall::admission`], the twins
//! of what the policies write), in force for the requests that the installed policies name, as long as they are
//! installed. `tests/it/webhook/twins.rs` shows on real API servers that twins and policies write the same.
//!
//! What the guards refuse is CEL alone, so it is said here once more, as far as stories meet it: who may give a word,
//! override and ask for a rollback, that nothing passes unheld or unstamped when the policy that holds or stamps is gone,
//! and that nothing is let go later than it says. `tests/it/admission` shows the guards themselves.

use std::sync::OnceLock;

use rollcall::admission::{Question, RULES, Request, Rule};
use rollcall::api::names::{ASKED_BACK, FORCE_DELETE, LET_GO_BY};
use rollcall::manifests::{Install, policies};
use serde_json::Value;
use simapi::{Admission, Failure, Review, Verb};

use super::OPERATOR;

const REGISTRATION: &str = "admissionregistration.k8s.io";

/// All policies.
pub struct Policies;

/// A rule, and what its policy says of the requests it looks at.
struct Bound {
    rule: &'static dyn Rule,
    name: String,
    guard: String,
    groups: Vec<String>,
    resources: Vec<String>,
    operations: Vec<String>,
    /// One of the two versions must have each of these labels.
    labels: Vec<String>,
    conditions: Vec<String>,
}

/// All rules, each with its policy.
fn bound() -> &'static [Bound] {
    static BOUND: OnceLock<Vec<Bound>> = OnceLock::new();
    BOUND.get_or_init(|| {
        let all = policies(&Install::in_namespace("rollcall-system"));
        let of = |rule: &'static dyn Rule| {
            let name = format!("{}.rollcall.dev", rule.name());
            let mutating = |p: &&Value| p["kind"] == "MutatingAdmissionPolicy" && p["metadata"]["name"] == *name;
            Bound::of(rule, all.iter().find(mutating).expect("every rule has its policy"), name)
        };
        RULES.into_iter().map(of).collect()
    })
}

impl Bound {
    fn of(rule: &'static dyn Rule, policy: &Value, name: String) -> Self {
        let texts = |list: &Value| -> Vec<String> { items(list).map(|item| text(item).to_owned()).collect() };
        let named = |list: &Value, field: &str| items(list).map(|item| text(&item[field]).to_owned()).collect();
        let constraints = &policy["spec"]["matchConstraints"];
        let rules = &constraints["resourceRules"][0];
        Self {
            rule,
            guard: guard(&name),
            name,
            groups: texts(&rules["apiGroups"]),
            resources: texts(&rules["resources"]),
            operations: texts(&rules["operations"]),
            labels: named(&constraints["objectSelector"]["matchExpressions"], "key"),
            conditions: named(&policy["spec"]["matchConditions"], "name"),
        }
    }

    /// Whether the API server would ask this policy about requests of this kind.
    fn names(&self, review: &Review<'_>) -> bool {
        let among = |list: &[String], wanted: &str| list.iter().any(|value| *value == *wanted);
        let operation = if review.operation == Verb::Create { "CREATE" } else { "UPDATE" };
        review.subresource.is_empty()
            && among(&self.resources, &review.kind.plural)
            && among(&self.groups, &review.kind.group)
            && among(&self.operations, operation)
    }

    /// Whether it would ask it about this one.
    fn looks_at(&self, review: &Review<'_>, object: &Value) -> bool {
        let both = [Some(object), review.old];
        let labelled = |key: &String| both.iter().flatten().any(|o| o["metadata"]["labels"][key.as_str()].is_string());
        self.names(review)
            && self.labels.iter().all(labelled)
            && self.conditions.iter().all(|condition| holds(condition, review, object))
    }

    /// Whether the policy and its binding are there.
    fn in_force(&self, review: &Review<'_>) -> bool {
        ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"]
            .iter()
            .all(|plural| review.stored.get(REGISTRATION, plural, "", &self.name).is_some())
    }
}

/// The policies' match conditions, by their names.
fn holds(condition: &str, review: &Review<'_>, object: &Value) -> bool {
    match condition {
        "not-operator" => review.user.name != OPERATOR,
        "not-terminating" => object["metadata"]["deletionTimestamp"].is_null(),
        other => panic!("the simulation does not know the match condition {other}"),
    }
}

fn request(review: &Review<'_>, object: &Value) -> Request {
    Request {
        user: review.user.name.clone(),
        groups: review.user.groups.clone(),
        namespace: review.namespace.to_owned(),
        object: object.clone(),
        old: review.old.cloned().unwrap_or_default(),
    }
}

fn written(bound: &Bound, review: &Review<'_>, request: &Request) -> Value {
    bound.rule.apply(request, &|Question { verb, group, resource, subresource }| {
        let resource = if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
        review.may(verb, group, &resource, review.namespace, "")
    })
}

impl Admission for Policies {
    fn may_change(&self, review: &Review<'_>) -> bool {
        bound().iter().any(|bound| bound.names(review))
    }

    fn mutate(&self, review: &Review<'_>, object: &mut Value) -> Result<(), Failure> {
        let mut asked = None;
        for bound in bound() {
            let now = asked.as_ref().map_or(&*object, |request: &Request| &request.object);
            if bound.looks_at(review, now) && bound.in_force(review) {
                let request = asked.get_or_insert_with(|| request(review, object));
                request.object = written(bound, review, request);
            }
        }
        if let Some(request) = asked {
            *object = request.object;
        }
        Ok(())
    }

    fn validate(&self, review: &Review<'_>, object: Option<&Value>) -> Result<(), Failure> {
        let Some(object) = object else { return stays(review) };
        let mut asked = None;
        for bound in bound().iter().filter(|bound| bound.looks_at(review, object) && guarded(review, &bound.guard)) {
            if written(bound, review, asked.get_or_insert_with(|| request(review, object))) != *object {
                let why = format!(
                    "the policy {} is missing or failed. Ask a cluster administrator to restore it",
                    bound.name
                );
                return Err(denied(review, &bound.name, &why));
            }
        }
        in_time(review, object)?;
        if review.kind.group == "rollcall.dev" {
            status(review)?;
            verbs(review, object)?;
        }
        Ok(())
    }
}

/// The guard of what a policy writes.
fn guard(policy: &str) -> String {
    policy.replace("hold-", "guard-").replace("stamp-", "guard-")
}

/// Whether a guard and its binding are there.
fn guarded(review: &Review<'_>, guard: &str) -> bool {
    ["validatingadmissionpolicies", "validatingadmissionpolicybindings"]
        .iter()
        .all(|plural| review.stored.get(REGISTRATION, plural, "", guard).is_some())
}

fn denied(review: &Review<'_>, policy: &str, why: &str) -> Failure {
    Failure::denied(review.kind, review.name, &guard(policy), &format!("rollcall: {why}"))
}

/// Nothing is let go later than it says, by the server's clock in whole seconds.
fn in_time(review: &Review<'_>, object: &Value) -> Result<(), Failure> {
    let by = |object: &Value| object["metadata"]["annotations"][LET_GO_BY].as_str().map(str::to_owned);
    let own = review.user.name == OPERATOR && review.subresource.is_empty();
    let Some(until) = by(object).filter(|_| own) else {
        return Ok(());
    };
    let policy = format!("bind-operator-{}.rollcall.dev", review.kind.kind.to_lowercase());
    let parsed: Option<jiff::Timestamp> = until.parse().ok();
    let late = parsed.is_none_or(|at| review.now.as_second() > at.as_second());
    if review.old.and_then(by).as_ref() != Some(&until) && late && guarded(review, &policy) {
        let why = format!("this came later than {until}, until when it was granted");
        return Err(Failure::denied(review.kind, review.name, &policy, &format!("rollcall: {why}")));
    }
    Ok(())
}

/// A release that is under way is not deleted by mistake.
fn stays(review: &Review<'_>) -> Result<(), Failure> {
    let old = review.old.unwrap_or(&Value::Null);
    let under_way = old["status"]["startedAt"].is_string() && old["status"]["finished"] != true;
    let forced = old["metadata"]["annotations"][FORCE_DELETE].is_string();
    if review.kind.kind == "CoordinatedRelease" && under_way && !forced {
        let why = format!("it is under way. End it with spec.cancel, or set the annotation {FORCE_DELETE} first");
        return Err(denied(review, "guard-deletion.rollcall.dev", &why));
    }
    Ok(())
}

/// The status is rollcall's, but for the answers of a team's check controllers.
fn status(review: &Review<'_>) -> Result<(), Failure> {
    let team = review.old.filter(|_| review.kind.kind == "TeamReadiness").unwrap_or(&Value::Null);
    let answers = items(&team["spec"]["checks"])
        .filter_map(|check| check["controllerName"].as_str())
        .any(|controller| review.may("answer", "rollcall.dev", "checkcontrollers", review.namespace, controller));
    if review.subresource == "status" && review.user.name != OPERATOR && !answers {
        let why = "the status is written by rollcall only; change the spec instead";
        return Err(denied(review, "guard-status.rollcall.dev", why));
    }
    Ok(())
}

/// What takes a verb of its own to write: where it stands, and the verb.
const VERBS: [(&str, &str, &str); 4] = [
    ("TeamReadiness", "/spec/signOffs", "signoff"),
    ("TeamReadiness", "/spec/tasksDone", "signoff"),
    ("CoordinatedRelease", "/spec/override", "override"),
    ("CoordinatedRelease", "/metadata/annotations", "rollback"),
];

fn verbs(review: &Review<'_>, object: &Value) -> Result<(), Failure> {
    let before = review.old.unwrap_or(&Value::Null);
    let own = |object: &Value, place: &str| match place {
        "/metadata/annotations" => object["metadata"]["annotations"][ASKED_BACK].clone(),
        place => object.pointer(place).cloned().unwrap_or_default(),
    };
    for (kind, place, verb) in VERBS.into_iter().filter(|(kind, ..)| *kind == review.kind.kind) {
        let (new, old) = (own(object, place), own(before, place));
        let said = !new.is_null() && new != old && !(new.as_array().is_some_and(Vec::is_empty) && old.is_null());
        if said && !review.may(verb, "rollcall.dev", &review.kind.plural, review.namespace, review.name) {
            let (user, namespace, name) = (&review.user.name, review.namespace, review.name);
            let why = format!("{user} lacks the verb {verb} on {kind} {namespace}/{name}");
            return Err(denied(review, &format!("guard-{verb}.rollcall.dev"), &why));
        }
    }
    person(review, object, before)
}

/// A new word is for a role that is required; one that takes a person is not a service account's, unless the team names
/// it.
fn person(review: &Review<'_>, object: &Value, before: &Value) -> Result<(), Failure> {
    let rule = &object["spec"]["signOff"];
    let human = |role: &Value| items(&rule["required"]).any(|r| r["role"] == *role && r["requireHuman"] == true);
    let old: Vec<&Value> = items(&before["spec"]["signOffs"]).collect();
    let said: Vec<&Value> = items(&object["spec"]["signOffs"]).filter(|word| !old.contains(word)).collect();
    let asked = |role: &Value| items(&rule["required"]).any(|r| r["role"] == *role);
    if let Some(word) = said.iter().find(|word| !asked(&word["role"])) {
        let why = format!("the sign-off as {} is for a role that nobody asks for", text(&word["role"]));
        return Err(denied(review, "guard-signoff.rollcall.dev", &why));
    }
    let machine = review.user.name.starts_with("system:serviceaccount:")
        && !items(&rule["delegates"]).any(|delegate| *delegate == *review.user.name);
    match said.iter().find(|word| machine && human(&word["role"])) {
        Some(word) => {
            let why = format!(
                "the sign-off as {} takes a person, and {} is a service account that is not among \
                 spec.signOff.delegates",
                text(&word["role"]),
                review.user.name
            );
            Err(denied(review, "guard-signoff.rollcall.dev", &why))
        }
        None => Ok(()),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
