//! How a test sets a server up.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::access::{AllowAll, Authorizer};
use crate::admission::Admission;
use crate::builtin;
use crate::faults::Fault;
use crate::kind::Kind;
use crate::server::{ApiServer, Rules, Snapshot};
use crate::store::Store;

/// What a server is to be like.
#[must_use = "there is no server before `start`"]
pub struct Builder {
    now: Timestamp,
    seed: u64,
    kinds: Vec<Kind>,
    namespaces: Vec<String>,
    rules: Rules,
    faults: Vec<Box<dyn Fault>>,
    store: Option<Store>,
}

impl Builder {
    /// It begins with what another server had stored: kinds, namespaces and all.
    pub fn from(mut self, snapshot: &Snapshot) -> Self {
        self.store = Some(snapshot.store.clone());
        self
    }

    /// Its clock begins at this instant; else at noon of the first of January 2027.
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// What it does by chance, like uids, it does as this seed says.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// It serves one more kind.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kinds.push(kind);
        self
    }

    /// It serves the kinds of a CustomResourceDefinition, given as an object. One that cannot be read adds none.
    pub fn definition(mut self, definition: &Value) -> Self {
        self.kinds.extend(crate::definition::kinds(definition));
        self
    }

    /// There is one more namespace, besides `default` and `kube-system`.
    pub fn namespace(mut self, name: &str) -> Self {
        self.namespaces.push(name.to_owned());
        self
    }

    /// Who may what is decided by this; else everybody may everything.
    pub fn authorizer(mut self, authorizer: impl Authorizer + 'static) -> Self {
        self.rules.authorizer = Box::new(authorizer);
        self
    }

    /// Writes are changed and judged by this as well, after those named before.
    pub fn admission(mut self, admission: impl Admission + 'static) -> Self {
        self.rules.admission.push(Box::new(admission));
        self
    }

    /// It does not keep who owns which field, which makes writes cheaper: no apply conflicts with another, and none
    /// takes away what is applied no more.
    pub fn without_field_managers(mut self) -> Self {
        self.rules.field_managers = false;
        self
    }

    /// What goes wrong is decided by this as well; those named before are asked first.
    pub fn fault(mut self, fault: impl Fault + 'static) -> Self {
        self.faults.push(Box::new(fault));
        self
    }

    /// Starts it. Needs tokio's clock, so a runtime must be there.
    #[must_use]
    pub fn start(self) -> ApiServer {
        let fresh = self.store.is_none();
        let mut store = self.store.unwrap_or_default();
        for kind in self.kinds.into_iter().filter(|kind| fresh || kind.custom) {
            store.serve(kind);
        }
        let server = ApiServer::with(store, self.seed, self.rules, self.faults, self.now);
        let always = ["default", "kube-system"].into_iter().filter(|_| fresh);
        for name in always.map(str::to_owned).chain(self.namespaces) {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            server.put(&namespace);
        }
        server
    }
}

impl ApiServer {
    /// A server that serves the built-in kinds; everybody may everything and nothing goes wrong.
    pub fn builder() -> Builder {
        Builder {
            now: Timestamp::from_second(1_798_804_800).unwrap_or_default(),
            seed: 0,
            kinds: builtin::kinds(),
            namespaces: Vec::new(),
            rules: Rules { field_managers: true, authorizer: Box::new(AllowAll), admission: Vec::new() },
            faults: Vec::new(),
            store: None,
        }
    }

    /// A server as [`ApiServer::builder`] has it.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }
}
