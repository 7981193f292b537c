//! Who asks, and who may what.

use std::sync::Arc;

use serde_json::Value;

use crate::object::Object;

/// Who makes a request, as the API server knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name, like `lena` or `system:serviceaccount:rollcall:rollcall`.
    pub name: String,
    /// The groups.
    pub groups: Vec<String>,
}

impl User {
    /// A user who is in no group but that of everybody.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), groups: vec!["system:authenticated".into()] }
    }

    /// The user who may do everything.
    #[must_use]
    pub fn admin() -> Self {
        Self::new("admin").within("system:masters")
    }

    /// A service account of a namespace.
    #[must_use]
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self::new(format!("system:serviceaccount:{namespace}:{name}"))
            .within("system:serviceaccounts")
            .within(format!("system:serviceaccounts:{namespace}"))
    }

    /// The same, in one more group.
    #[must_use]
    pub fn within(mut self, group: impl Into<String>) -> Self {
        self.groups.insert(self.groups.len() - 1, group.into());
        self
    }
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access<'a> {
    /// Who.
    pub user: &'a User,
    /// The verb; one of [`Verb`](crate::Verb), or one of somebody's own.
    pub verb: &'a str,
    /// The API group.
    pub group: &'a str,
    /// The kind's plural.
    pub resource: &'a str,
    /// The subresource, or empty.
    pub subresource: &'a str,
    /// The namespace, or empty.
    pub namespace: &'a str,
    /// The name, or empty.
    pub name: &'a str,
}

impl Access<'_> {
    /// What the server says to somebody who may not.
    pub(crate) fn refusal(&self) -> String {
        let Self { user, verb, group, resource, subresource, namespace, .. } = self;
        let resource =
            if subresource.is_empty() { (*resource).to_owned() } else { format!("{resource}/{subresource}") };
        let place = if namespace.is_empty() {
            "at the cluster scope".into()
        } else {
            format!("in the namespace \"{namespace}\"")
        };
        format!("User \"{}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}", user.name)
    }
}

/// A look at what is stored, for those who decide on it.
pub trait Lookup {
    /// The newest version of an object, by group and plural of its kind.
    fn get(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Arc<Object>>;

    /// The newest versions of all objects of a kind, by namespace and name; of all namespaces if none is named.
    fn list(&self, group: &str, plural: &str, namespace: &str) -> Vec<Arc<Object>>;
}

/// Says who may what.
pub trait Authorizer: Send + Sync {
    /// Whether this is allowed.
    fn allows(&self, access: &Access<'_>, stored: &dyn Lookup) -> bool;
}

impl<F: Fn(&Access<'_>) -> bool + Send + Sync> Authorizer for F {
    fn allows(&self, access: &Access<'_>, _: &dyn Lookup) -> bool {
        self(access)
    }
}

impl Authorizer for Box<dyn Authorizer> {
    fn allows(&self, access: &Access<'_>, stored: &dyn Lookup) -> bool {
        (**self).allows(access, stored)
    }
}

/// Allows everything to everybody: what a server does that was told nothing else.
pub struct AllowAll;

impl Authorizer for AllowAll {
    fn allows(&self, _: &Access<'_>, _: &dyn Lookup) -> bool {
        true
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// Decides by the Roles, ClusterRoles and their bindings that are stored, as a real server does. Everything is
/// allowed to the group `system:masters`. Aggregated ClusterRoles are not put together.
pub struct Rbac;

impl Authorizer for Rbac {
    fn allows(&self, access: &Access<'_>, stored: &dyn Lookup) -> bool {
        if access.user.groups.iter().any(|group| group == "system:masters") {
            return true;
        }
        let everywhere = stored.list(RBAC, "clusterrolebindings", "");
        if everywhere.iter().any(|binding| grants(&binding.value, access, stored)) {
            return true;
        }
        !access.namespace.is_empty()
            && stored
                .list(RBAC, "rolebindings", access.namespace)
                .iter()
                .any(|binding| grants(&binding.value, access, stored))
    }
}

fn grants(binding: &Value, access: &Access<'_>, stored: &dyn Lookup) -> bool {
    let subjects = binding["subjects"].as_array().into_iter().flatten();
    if !subjects.into_iter().any(|subject| is_user(subject, access.user)) {
        return false;
    }
    let reference = &binding["roleRef"];
    let name = reference["name"].as_str().unwrap_or_default();
    let role = if reference["kind"] == "ClusterRole" {
        stored.get(RBAC, "clusterroles", "", name)
    } else {
        let namespace = binding["metadata"]["namespace"].as_str().unwrap_or_default();
        stored.get(RBAC, "roles", namespace, name)
    };
    role.is_some_and(|role| role.value["rules"].as_array().into_iter().flatten().any(|rule| covers(rule, access)))
}

fn is_user(subject: &Value, user: &User) -> bool {
    let name = subject["name"].as_str().unwrap_or_default();
    match subject["kind"].as_str() {
        Some("User") => user.name == name,
        Some("Group") => user.groups.iter().any(|group| group == name),
        Some("ServiceAccount") => {
            let namespace = subject["namespace"].as_str().unwrap_or_default();
            let account = user.name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
            account == Some((namespace, name))
        }
        _ => false,
    }
}

fn covers(rule: &Value, access: &Access<'_>) -> bool {
    let has = |field: &str, wanted: &str| {
        let mut values = rule[field].as_array().into_iter().flatten();
        values.any(|value| value == "*" || value == wanted)
    };
    let names = rule["resourceNames"].as_array();
    let named = names.is_none_or(|names| names.is_empty() || names.iter().any(|name| *name == *access.name));
    let resource = |value: &str| match value.split_once('/') {
        Some((resource, subresource)) => resource == access.resource && subresource == access.subresource,
        None => value == "*" || (value == access.resource && access.subresource.is_empty()),
    };
    let mut resources = rule["resources"].as_array().into_iter().flatten();
    named
        && has("verbs", access.verb)
        && has("apiGroups", access.group)
        && resources.any(|value| value.as_str().is_some_and(resource))
}
