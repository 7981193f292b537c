//! How this process was told to run.

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono::TimeDelta;

/// What the arguments of `rollcall run` come to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The operator's own namespace: windows in it may govern other namespaces.
    pub namespace: String,
    /// The user name by which the API server knows the operator; the policies name it.
    pub operator_user: String,
    /// How long a change may still be claimed, and a plan still be completed, before it counts as it is.
    pub settle: TimeDelta,
    /// How far the clocks may be apart before nothing is released.
    pub max_skew: TimeDelta,
    /// Where `/healthz`, `/readyz` and `/metrics` are served.
    pub listen: SocketAddr,
    /// Whether to elect a leader first. Without, this must be the only replica.
    pub elect_leader: bool,
    /// Who this replica is, in events and in the lease.
    pub identity: String,
    /// The file in which the admin defines endpoints for checks; `None` if there are none.
    pub endpoints: Option<PathBuf>,
    /// How many objects of each kind are reconciled at the same time.
    pub workers: usize,
    /// How a webhook is served, where the API server has no mutating policies.
    pub webhook: WebhookSettings,
}

/// How a webhook is served.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where the API server's calls come in.
    pub listen: SocketAddr,
    /// Where the API server calls, if not through the Service: `https://host:port`.
    pub url: Option<String>,
    /// A folder with `tls.crt`, `tls.key` and perhaps `ca.crt`; without, the process issues its own certificate.
    pub certificates: Option<PathBuf>,
}

impl Default for WebhookSettings {
    /// On every interface, through the Service, with a certificate of its own.
    fn default() -> Self {
        Self { listen: ([0, 0, 0, 0], 9443).into(), url: None, certificates: None }
    }
}
