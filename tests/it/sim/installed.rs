//! What every simulation begins with: the kinds, the policies and the roles of rollcall, and some namespaces. It is
//! made once in a process and shared.

use std::sync::OnceLock;

use rollcall::api::crds::crds;
use rollcall::manifests::{Install, WorkloadAccess, policies, rbac};
use serde_json::{Value, json};
use simapi::{Access, ApiServer, Authorizer, Lookup, Rbac, Snapshot};

use super::OPERATOR;
use crate::support::namespace;

/// The namespaces of the stories.
const NAMESPACES: [&str; 5] = ["rollcall-system", "releases", "data", "core", "ui"];

/// The store of a server on which rollcall is installed.
pub fn snapshot() -> &'static Snapshot {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    SNAPSHOT.get_or_init(|| {
        let install = Install { workload_access: WorkloadAccess::Cluster, ..Install::in_namespace("rollcall-system") };
        let definitions: Vec<Value> = crds().into_iter().map(|(_, crd)| crd).collect();
        let builder = definitions.iter().fold(ApiServer::builder(), |builder, crd| builder.definition(crd));
        let server = builder.start();
        NAMESPACES.iter().for_each(|name| drop(server.put(&namespace(name))));
        rbac(&install).iter().chain(&policies(&install)).for_each(|object| drop(server.put(object)));
        server.put(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-0"}}));
        server.snapshot()
    })
}

/// The operator may what the roles say; everybody else may everything, with the custom verbs.
pub struct PeopleMayEverything;

impl Authorizer for PeopleMayEverything {
    fn allows(&self, access: &Access<'_>, stored: &dyn Lookup) -> bool {
        access.user.name != OPERATOR || Rbac.allows(access, stored)
    }
}
