//! Asks the API server whether somebody else may do something: a SubjectAccessReview about whoever wrote an object, with
//! the groups that the API server saw them in. The answer is about now, not about when they wrote.

use http::Method;
use serde_json::{Value, json};

use super::writes::{ApiError, Objects, Resource};

const REVIEWS: Resource = Resource {
    group: "authorization.k8s.io",
    version: "v1",
    plural: "subjectaccessreviews",
    kind: "SubjectAccessReview",
};

/// Somebody as the API server stamped them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Empty if nobody was stamped.
    pub user: String,
    pub groups: Vec<String>,
}

/// What they would do, in which namespace, to which object (empty: to any).
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    pub plural: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
}

impl Objects {
    /// Whether somebody may do something now. Nobody may do nothing, without asking.
    ///
    /// # Errors
    ///
    /// When the API server does not say: then nothing may be concluded.
    pub async fn may(&self, person: &Person, wish: Wish<'_>) -> Result<bool, ApiError> {
        if person.user.is_empty() {
            return Ok(false);
        }
        let attributes = json!({"verb": wish.verb, "group": wish.group, "resource": wish.plural,
            "namespace": wish.namespace, "name": wish.name});
        self.allows(json!({"user": person.user, "groups": groups(person)}), attributes).await
    }

    /// Whether the API server's authorizers allow this to somebody; `spec` says to whom.
    pub(super) async fn allows(&self, mut spec: Value, attributes: Value) -> Result<bool, ApiError> {
        spec["resourceAttributes"] = attributes;
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": REVIEWS.kind, "spec": spec});
        let text = self.send(Method::POST, REVIEWS, "", "", "", "application/json", Some(review)).await?;
        Ok(serde_json::from_str::<Value>(&text).is_ok_and(|answer| allowed(&answer)))
    }
}

/// Allowed and not denied as well: an authorizer that errs may leave either unsaid.
fn allowed(answer: &Value) -> bool {
    answer["status"]["allowed"] == true && answer["status"]["denied"] != true
}

/// The groups of a person, with those that every service account is in.
fn groups(person: &Person) -> Vec<String> {
    let mut all = person.groups.clone();
    if let Some((namespace, _)) = person.user.strip_prefix("system:serviceaccount:").and_then(|r| r.split_once(':')) {
        all.extend(["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]);
    }
    all.push("system:authenticated".to_owned());
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_is_in_the_groups_that_all_are_in() {
        let flux = Person { user: "system:serviceaccount:flux-system:kc".into(), groups: vec![] };
        assert_eq!(
            groups(&flux),
            ["system:authenticated", "system:serviceaccounts", "system:serviceaccounts:flux-system"]
        );
        let ana = Person { user: "ana".into(), groups: vec!["team-core".into(), "system:authenticated".into()] };
        assert_eq!(groups(&ana), ["system:authenticated", "team-core"]);
    }

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for (status, yes) in [
            (json!({"allowed": true}), true),
            (json!({"allowed": true, "denied": true}), false),
            (json!({"allowed": false}), false),
            (json!({}), false),
        ] {
            assert_eq!(allowed(&json!({"status": status})), yes);
        }
        assert!(!allowed(&json!({})));
    }
}
