//! Whether Argo CD and Flux know what a hold is: without it they show what waits on purpose as a failure.

use serde_json::Value;

use super::Finding;
use crate::cli::cluster::{Cluster, RefusalKind};
use crate::cluster::writes::{CONFIG_MAPS, Resource};

const APPLICATIONS: Resource =
    Resource { group: "argoproj.io", version: "v1alpha1", plural: "applications", kind: "Application" };
const KUSTOMIZATIONS: Resource =
    Resource { group: "kustomize.toolkit.fluxcd.io", version: "v1", plural: "kustomizations", kind: "Kustomization" };
/// The keys of argocd-cm by which Argo CD judges.
const KEYS: [&str; 2] = [
    "resource.customizations.health.rollcall.dev_CoordinatedRelease",
    "resource.customizations.health.apps_Deployment",
];

/// Argo CD's ConfigMap has the health checks, if there is an Argo CD.
pub async fn argo_cd(cluster: &Cluster, namespace: &str) -> Vec<Finding> {
    let check = "Argo CD";
    match cluster.api.list(APPLICATIONS, namespace, "").await {
        Err(refusal) if refusal.kind == RefusalKind::NoSuchKind => return vec![Finding::well(check, "not installed")],
        Err(refusal) => return vec![Finding::unseen(check, &refusal)],
        Ok(_) => {}
    }
    let map = match cluster.api.get(CONFIG_MAPS, namespace, "argocd-cm").await {
        Err(refusal) => return vec![Finding::unseen(check, &refusal)],
        Ok(map) => map.unwrap_or_default(),
    };
    let missing: Vec<&str> = KEYS.into_iter().filter(|key| map["data"][*key].is_null()).collect();
    if missing.is_empty() {
        return vec![Finding::well(check, "knows what a hold is")];
    }
    let said = format!("argocd-cm lacks {}: what is held shows as Suspended or Unknown", missing.join(" and "));
    let help = format!("merge config/gitops/argocd-health.yaml into ConfigMap argocd-cm in namespace {namespace}");
    vec![Finding::warning(check, said, help)]
}

/// Every Kustomization that waits has the health checks, if there is a Flux.
pub async fn flux(cluster: &Cluster) -> Vec<Finding> {
    let check = "Flux";
    let all = match cluster.api.list(KUSTOMIZATIONS, "", "").await {
        Err(refusal) if refusal.kind == RefusalKind::NoSuchKind => return vec![Finding::well(check, "not installed")],
        Err(refusal) => return vec![Finding::unseen(check, &refusal)],
        Ok(all) => all,
    };
    let waits = |k: &&Value| k["spec"]["wait"] == true;
    let knows = |k: &Value| {
        let checks = k["spec"]["healthCheckExprs"].as_array().into_iter().flatten();
        checks.into_iter().any(|c| c["kind"] == "Deployment")
    };
    let name = |k: &Value| {
        let text = |field: &str| k["metadata"][field].as_str().unwrap_or_default().to_owned();
        format!("{}/{}", text("namespace"), text("name"))
    };
    let blind: Vec<String> = all.iter().filter(waits).filter(|k| !knows(k)).map(name).collect();
    if blind.is_empty() {
        return vec![Finding::well(check, "what waits knows what a hold is, or nothing waits")];
    }
    let more = if blind.len() > 5 { format!(" and {} more", blind.len() - 5) } else { String::new() };
    let said = format!(
        "Kustomization {}{more} waits and has no healthCheckExprs: it times out on what is held",
        blind.iter().take(5).cloned().collect::<Vec<_>>().join(", ")
    );
    vec![Finding::warning(
        check,
        said,
        "add the healthCheckExprs of config/gitops/flux-health.yaml where workloads are gated",
    )]
}
