//! Identities: who a test is when it talks to the API server.
//!
//! An [`Access`] holds credentials of one identity in every form a test needs. It never grants
//! anything: what the identity may do is decided by RBAC in the cluster.

use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use crate::error::{Attempt, Error};
use crate::home::Home;

/// The credentials of one identity.
#[derive(Debug, Clone)]
pub struct Access {
    config: Config,
    kubeconfig: PathBuf,
}

impl Access {
    /// A client of this identity, for the runtime it is called on: build one per test, since its
    /// connections end with the runtime of the test.
    ///
    /// # Errors
    /// [`Error::Api`] when the configuration cannot be used.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn client(&self) -> Result<Client, Error> {
        Client::try_from(self.config()).attempt("making a client")
    }

    /// The configuration of a client of this identity.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// A kubeconfig file of this identity (mode 0600, everything inline), for kubectl and others.
    /// It is removed with the plane.
    pub fn kubeconfig_path(&self) -> &Path {
        &self.kubeconfig
    }
}

/// The cluster that identities belong to.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Where it is and how it is known to be it; for a cluster that is not ours also who we are.
    pub(crate) config: Config,
    /// The `cluster` entry of kubeconfigs.
    pub(crate) entry: Value,
    /// The `user` entry of kubeconfigs, of a cluster that is not ours.
    pub(crate) user: Value,
}

impl Cluster {
    /// Of a plane of ours.
    pub(crate) fn ours(server: &str, ca_pem: &str, ca_der: Vec<u8>) -> Result<Self, Error> {
        let uri = server.parse().map_err(|error| Error::Invalid(format!("{server}: {error}")))?;
        let mut config = Config::new(uri);
        config.root_cert = Some(vec![ca_der]);
        let entry = json!({ "server": server, "certificate-authority-data": base64(ca_pem) });
        Ok(Cluster { config, entry, user: Value::Null })
    }

    /// The current context of the kubeconfig that `KUBECONFIG` names, or of the default one.
    pub(crate) async fn existing() -> Result<Self, Error> {
        let invalid =
            |error: &dyn std::fmt::Display| Error::Invalid(format!("the kubeconfig of the existing cluster: {error}"));
        let file = Kubeconfig::read().map_err(|error| invalid(&error))?;
        let all = serde_json::to_value(&file).map_err(|error| invalid(&error))?;
        let named = |list: &str, name: &Value| {
            let mut entries = all[list].as_array().into_iter().flatten();
            entries.find(|entry| entry["name"] == *name).cloned().unwrap_or_default()
        };
        let context = named("contexts", &all["current-context"])["context"].take();
        let entry = named("clusters", &context["cluster"])["cluster"].take();
        let user = named("users", &context["user"])["user"].take();
        if entry.is_null() || user.is_null() {
            return Err(invalid(&"its current context names no cluster or no user"));
        }
        let config =
            Config::from_custom_kubeconfig(file, &Default::default()).await.map_err(|error| invalid(&error))?;
        Ok(Cluster { config, entry, user })
    }

    /// The access of an identity whose `user` entry of a kubeconfig this is.
    pub(crate) fn access(&self, home: &Home, name: &str, user: Value) -> Result<Access, Error> {
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "control-plane", "cluster": self.entry }],
            "users": [{ "name": name, "user": user }],
            "contexts": [{
                "name": "control-plane",
                "context": { "cluster": "control-plane", "user": name },
            }],
            "current-context": "control-plane",
        });
        // Names hold characters that file names should not; the digest keeps them apart, and
        // two kubeconfigs of one identity are both good.
        let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let digest = crate::components::digest(&[name, &user.to_string()]);
        let kubeconfig = home.write(&format!("{safe}-{digest}.kubeconfig"), format!("{text:#}\n"))?;
        let mut config = self.config.clone();
        config.auth_info = serde_json::from_value::<AuthInfo>(user)
            .map_err(|error| Error::Invalid(format!("the credentials of {name}: {error}")))?;
        Ok(Access { config, kubeconfig })
    }
}

/// The `user` entry for a client certificate.
pub(crate) fn certificate_user(pair: &crate::pki::Pair) -> Value {
    json!({
        "client-certificate-data": base64(&pair.certificate),
        "client-key-data": base64(&pair.key),
    })
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
