//! The API server, the clocks, and the operator itself.

use chrono::TimeDelta;
use serde_json::Value;

use super::Finding;
use crate::api::names::STOP;
use crate::api::time::from_wire;
use crate::cli::cluster::Cluster;
use crate::cli::cluster::read::stop_reason;
use crate::cli::screen::when::span;
use crate::cluster::writes::{CONFIG_MAPS, DEPLOYMENTS, Resource};
use crate::manifests::mechanism::KubernetesVersion;
use crate::manifests::names::SERVICE_ACCOUNT;

const LEASES: Resource = Resource { group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease" };
/// How far a clock may be off before the operator lets nothing go.
const MAX_SKEW: TimeDelta = TimeDelta::seconds(2);

/// The API server's version, and this machine's clock against its.
pub fn api_server(version: &Value, skew: TimeDelta) -> Vec<Finding> {
    let said = version["gitVersion"].as_str().unwrap_or("unknown").to_owned();
    let digits: String =
        version["minor"].as_str().unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let minor = digits.parse::<u32>().unwrap_or(0);
    let (policies, oldest) = (KubernetesVersion::POLICIES.minor, KubernetesVersion::OLDEST.minor);
    let found = if minor >= policies {
        Finding::well("API server", said)
    } else if minor >= oldest {
        Finding::well("API server", format!("{said}, older than 1.{policies}: a webhook has to hold there"))
    } else {
        let help = "upgrade it";
        Finding::warning("API server", format!("{said} is older than 1.{oldest}: nothing can hold there"), help)
    };
    let clock = if skew > MAX_SKEW {
        let said = format!("this machine's clock is {} away from the API server's", span(skew));
        Finding::warning("your clock", said, "synchronise it; this command itself goes by the API server's")
    } else {
        Finding::well("your clock", "agrees with the API server's")
    };
    vec![found, clock]
}

/// The operator runs, leads, keeps the time, and is of this version.
pub async fn running(cluster: &Cluster) -> Vec<Finding> {
    vec![deployment(cluster).await, leader(cluster).await]
}

async fn deployment(cluster: &Cluster) -> Finding {
    let check = "operator";
    let platform = &cluster.platform;
    let found = match cluster.api.get(DEPLOYMENTS, platform, SERVICE_ACCOUNT).await {
        Err(refusal) => return Finding::unseen(check, &refusal),
        Ok(found) => found,
    };
    let Some(found) = found else {
        let said = format!("there is no Deployment {SERVICE_ACCOUNT} in namespace {platform}");
        return Finding::warning(check, said, "name the operator's namespace with --operator-namespace NAMESPACE");
    };
    let available = found["status"]["availableReplicas"].as_i64().unwrap_or(0);
    let wanted = found["spec"]["replicas"].as_i64().unwrap_or(1);
    let image = found["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
    let ours = env!("CARGO_PKG_VERSION");
    if available == 0 {
        let help = format!("kubectl get pods -n {platform}; kubectl logs -n {platform} deployment/{SERVICE_ACCOUNT}");
        return Finding::problem(check, format!("none of its {wanted} replicas is available: nothing is let go"), help);
    }
    match image.rsplit_once(':').map(|(_, tag)| tag.trim_start_matches('v')) {
        Some(tag) if tag != ours && tag.starts_with(|c: char| c.is_ascii_digit()) => {
            let said = format!("it runs {image}, and this command is {ours}");
            Finding::warning(check, said, "use the command of the operator's version: it asks the same rules")
        }
        _ => Finding::well(check, format!("{available} of {wanted} replicas available, image {image}")),
    }
}

async fn leader(cluster: &Cluster) -> Finding {
    let check = "leader";
    let platform = &cluster.platform;
    let found = match cluster.api.get(LEASES, platform, SERVICE_ACCOUNT).await {
        Err(refusal) => return Finding::unseen(check, &refusal),
        Ok(found) => found,
    };
    let Some(found) = found else {
        let said = format!("there is no Lease {SERVICE_ACCOUNT} in namespace {platform}: no operator has led here");
        return Finding::problem(check, said, format!("kubectl logs -n {platform} deployment/{SERVICE_ACCOUNT}"));
    };
    let holder = found["spec"]["holderIdentity"].as_str().unwrap_or_default();
    let lasts = TimeDelta::seconds(found["spec"]["leaseDurationSeconds"].as_i64().unwrap_or(15));
    let Some(renewed) = found["spec"]["renewTime"].as_str().and_then(from_wire) else {
        return Finding::problem(
            check,
            "nobody has ever renewed the lease",
            format!("kubectl get lease -n {platform}"),
        );
    };
    let now = cluster.now();
    if renewed > now + MAX_SKEW {
        let said = format!("the leader's clock is {} ahead of the API server's", span(renewed - now));
        return Finding::problem(check, said, "synchronise the clocks of the nodes: nothing is let go until then");
    }
    if now - renewed > lasts {
        let said = format!("nobody leads: {holder} last renewed {} ago", span(now - renewed));
        return Finding::problem(check, said, format!("kubectl logs -n {platform} deployment/{SERVICE_ACCOUNT}"));
    }
    Finding::well(check, format!("{holder}, renewed {} ago", span(now - renewed)))
}

/// Whether somebody has stopped everything.
pub async fn stop(cluster: &Cluster) -> Finding {
    let check = "stop";
    let platform = &cluster.platform;
    match cluster.api.get(CONFIG_MAPS, platform, STOP).await {
        Err(refusal) => Finding::unseen(check, &refusal),
        Ok(None) => Finding::well(check, "nothing is stopped cluster-wide"),
        Ok(Some(map)) => {
            let reason = stop_reason(&map);
            let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let said = format!("everything is stopped by ConfigMap {platform}/{STOP}{reason}");
            Finding::warning(check, said, format!("to go on: kubectl delete configmap {STOP} -n {platform}"))
        }
    }
}
