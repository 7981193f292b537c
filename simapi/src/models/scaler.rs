//! An autoscaler: it writes `replicas` through the scale subresource, and knows nothing of anybody's holds.

use std::time::Duration;

use serde_json::json;

use crate::access::User;
use crate::call::Verb;
use crate::random::Chance;
use crate::server::ApiServer;

/// A HorizontalPodAutoscaler in the small: every so often it wants another number of replicas.
pub struct Autoscaler {
    /// The Deployment's namespace.
    pub namespace: String,
    /// The Deployment's name.
    pub name: String,
    /// At least so many replicas.
    pub least: u64,
    /// At most so many.
    pub most: u64,
    /// How often it changes its mind.
    pub every: Duration,
}

impl Autoscaler {
    /// Runs until it is dropped. It goes on when it is refused.
    pub async fn run(self, server: ApiServer, mut chance: Chance) {
        let user = User::service_account("kube-system", "horizontal-pod-autoscaler").within("system:masters");
        loop {
            tokio::time::sleep(self.every).await;
            let replicas = self.least + chance.below(self.most - self.least + 1);
            let wanted = json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"namespace": self.namespace, "name": self.name},
                "spec": {"replicas": replicas},
            });
            let _ = server.act(&user, Verb::Patch, &wanted, "scale", "application/merge-patch+json");
        }
    }
}
