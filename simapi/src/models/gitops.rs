//! A GitOps agent: what is in Git is applied by force, again and again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::access::User;
use crate::failure::Failure;
use crate::server::ApiServer;

/// What is in Git. A clone is another handle on the same repository.
#[derive(Clone, Default)]
pub struct Git {
    files: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl Git {
    /// Commits a manifest, in the place of what was of the same kind and name.
    pub fn commit(&self, manifest: Value) {
        let meta = &manifest["metadata"];
        let file = format!("{}/{}/{}", manifest["kind"], meta["namespace"], meta["name"]);
        self.lock().insert(file, manifest);
    }

    fn manifests(&self) -> Vec<Value> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Value>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An agent that applies what is in Git by forced server-side apply, like Flux and Argo CD.
pub struct GitOps {
    /// What it applies.
    pub git: Git,
    /// Who it is.
    pub user: User,
    /// Its field manager.
    pub manager: String,
    /// How often it applies everything.
    pub every: Duration,
}

impl GitOps {
    /// Runs until it is dropped. What is refused is applied again next time.
    pub async fn run(self, server: ApiServer) {
        loop {
            self.sync(&server);
            tokio::time::sleep(self.every).await;
        }
    }

    /// Applies everything once, and says what was refused.
    pub fn sync(&self, server: &ApiServer) -> Vec<Failure> {
        let manifests = self.git.manifests();
        manifests.iter().filter_map(|m| server.apply(&self.user, m, &self.manager, true).err()).collect()
    }
}
