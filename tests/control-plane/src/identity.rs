//! Who can be had as an [`Access`], and what is granted to whom. Grants only through RBAC objects
//! in the cluster, and only when a test asks for it.

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use kube::api::{Api, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::access::{Access, certificate_user};
use crate::components::digest;
use crate::error::{Attempt, Error};
use crate::plane::ControlPlane;

/// How long the token of a service account is good for, in seconds: longer than any plane lives.
const TOKEN_SECONDS: i64 = 24 * 60 * 60;

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Who may do everything (of the group `system:masters`).
    Admin,
    /// A person or program outside the cluster. May do nothing until something is granted.
    User {
        /// The name of the user.
        name: String,
        /// The groups the user is in, besides `system:authenticated`.
        groups: Vec<String>,
    },
    /// A service account.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// Whom something is granted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The user of that name.
    User(&'a str),
    /// Every user in that group.
    Group(&'a str),
    /// The service account of that namespace and name.
    ServiceAccount(&'a str, &'a str),
}

impl Subject<'_> {
    fn json(self) -> Value {
        let outside = |kind, name| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name });
        match self {
            Subject::User(name) => outside("User", name),
            Subject::Group(name) => outside("Group", name),
            Subject::ServiceAccount(namespace, name) => {
                json!({ "kind": "ServiceAccount", "namespace": namespace, "name": name })
            }
        }
    }
}

impl ControlPlane {
    /// The credentials of an identity.
    ///
    /// # Errors
    /// As of [`ControlPlane::admin`], [`ControlPlane::user`], [`ControlPlane::service_account`].
    pub async fn identity(&self, identity: &Identity) -> Result<Access, Error> {
        match identity {
            Identity::Admin => self.admin(),
            Identity::User { name, groups } => {
                let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
                self.user(name, &groups)
            }
            Identity::ServiceAccount { namespace, name } => self.service_account(namespace, name).await,
        }
    }

    /// Who may do everything: user `admin`, group `system:masters`. In an existing cluster: the
    /// user of its kubeconfig.
    ///
    /// # Errors
    /// [`Error::Io`] when the kubeconfig cannot be written.
    pub fn admin(&self) -> Result<Access, Error> {
        match &self.parts().authority {
            Some(_) => self.user("admin", &["system:masters"]),
            None => self.access("admin", self.parts().cluster.user.clone()),
        }
    }

    /// The user of that name, in those groups: by a client certificate, or in an existing cluster
    /// by impersonation.
    ///
    /// # Errors
    /// [`Error::Io`] when the kubeconfig cannot be written.
    pub fn user(&self, name: &str, groups: &[&str]) -> Result<Access, Error> {
        let user = match &self.parts().authority {
            Some(authority) => certificate_user(&authority.client(name, groups)?),
            None => {
                let mut user = self.parts().cluster.user.clone();
                user["as"] = json!(name);
                user["as-groups"] = json!(groups);
                user
            }
        };
        self.access(name, user)
    }

    /// The service account of that namespace and name, by a token that is good for a day. Creates
    /// the account, and the namespace, when missing. May do nothing until something is granted.
    ///
    /// # Errors
    /// [`Error::Api`] when the API server refuses.
    pub async fn service_account(&self, namespace: &str, name: &str) -> Result<Access, Error> {
        let client = self.admin()?.client()?;
        let what = format!("getting a token of {namespace}/{name}");
        let named = |name: &str| json!({ "metadata": { "name": name } });
        create::<Namespace>(&Api::all(client.clone()), named(namespace)).await?;
        let api: Api<ServiceAccount> = Api::namespaced(client, namespace);
        create(&api, named(name)).await?;
        let request = parse(json!({
            "metadata": {},
            "spec": { "audiences": [], "expirationSeconds": TOKEN_SECONDS },
        }))?;
        let request: TokenRequest =
            api.create_token_request(name, &PostParams::default(), &request).await.attempt(&what)?;
        let token = request
            .status
            .map(|status| status.token)
            .ok_or_else(|| Error::Invalid(format!("{what}: the answer holds none")))?;
        self.access(&format!("{namespace}:{name}"), json!({ "token": token }))
    }

    /// Grants a ClusterRole, everywhere or in one namespace only. Granting again changes nothing.
    ///
    /// # Errors
    /// [`Error::Api`] when the API server refuses.
    pub async fn grant(&self, cluster_role: &str, subject: Subject<'_>, namespace: Option<&str>) -> Result<(), Error> {
        let client = self.admin()?.client()?;
        let subject = subject.json();
        let binding = json!({
            "metadata": { "name": format!("granted-{}", digest(&[cluster_role, &subject.to_string()])) },
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": cluster_role,
            },
            "subjects": [subject],
        });
        match namespace {
            Some(name) => create::<RoleBinding>(&Api::namespaced(client, name), binding).await,
            None => create::<ClusterRoleBinding>(&Api::all(client), binding).await,
        }
    }

    fn access(&self, name: &str, user: Value) -> Result<Access, Error> {
        self.parts().cluster.access(&self.parts().home, name, user)
    }
}

/// Creates an object unless there is one of its name.
async fn create<K>(api: &Api<K>, object: Value) -> Result<(), Error>
where
    K: Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let what = format!("creating {}", object["metadata"]["name"]);
    match api.create(&PostParams::default(), &parse(object)?).await {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        result => result.map(drop).attempt(what),
    }
}

fn parse<K: DeserializeOwned>(object: Value) -> Result<K, Error> {
    serde_json::from_value(object).map_err(|error| Error::Invalid(error.to_string()))
}
