//! Rights: what the operator may do where teams have workloads, and what the person may.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Finding, State};
use crate::cli::cluster::{Cluster, RefusalKind};
use crate::cli::policies::quoted;
use crate::cli::screen::text::count;
use crate::cluster::writes::{DEPLOYMENTS, JOBS, RELEASES, Resource, TEAMS};
use crate::manifests::names::{VERB_OVERRIDE, VERB_SIGNOFF};

const REVIEWS: Resource = Resource {
    group: "authorization.k8s.io",
    version: "v1",
    plural: "subjectaccessreviews",
    kind: "SubjectAccessReview",
};

/// The operator may patch workloads in every namespace in which a team is.
pub async fn of_the_operator(cluster: &Cluster) -> Vec<Finding> {
    let check = "operator's rights";
    let teams = match cluster.api.list(TEAMS, "", "").await {
        Ok(teams) => teams,
        Err(refusal) => return vec![Finding::unseen(check, &refusal)],
    };
    let namespaces: BTreeSet<&str> = teams.iter().filter_map(|t| t["metadata"]["namespace"].as_str()).collect();
    let user = &cluster.operator_user;
    let mut findings = Vec::new();
    for namespace in &namespaces {
        for resource in [DEPLOYMENTS, JOBS] {
            let asked = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
                "user": user, "resourceAttributes": {"verb": "patch", "group": resource.group,
                    "resource": resource.plural, "namespace": namespace}}});
            match cluster.api.create(REVIEWS, "", "", asked).await {
                Ok(answer) if answer["status"]["allowed"] == true => {}
                Ok(_) => {
                    let said =
                        format!("it may not patch {} in {namespace}: they are held and never let go", resource.plural);
                    let help = format!(
                        "kubectl create rolebinding rollcall-workloads -n {namespace} --clusterrole=rollcall-workloads \
                         --user={}",
                        quoted(user)
                    );
                    findings.push(Finding::problem(check, said, help));
                }
                Err(refusal) => return vec![Finding::unseen(check, &refusal)],
            }
        }
    }
    if findings.is_empty() {
        let said = format!("it may let workloads go in all {} with teams", count(namespaces.len(), "namespace"));
        findings.push(Finding::well(check, said));
    }
    findings
}

/// What the person may do where they stand.
pub async fn of_the_person(cluster: &Cluster) -> Vec<Finding> {
    let check = "your rights";
    let namespace = &cluster.namespace;
    let mut may = Vec::new();
    for (verb, resource, words) in [
        ("list", RELEASES, "see releases"),
        ("update", RELEASES, "hold and resume"),
        (VERB_SIGNOFF, TEAMS, "sign"),
        (VERB_OVERRIDE, RELEASES, "override"),
    ] {
        if cluster.api.may(verb, resource, namespace, "").await == Some(true) {
            may.push(words);
        }
    }
    let said = if may.is_empty() { "nothing of rollcall".to_owned() } else { may.join(", ") };
    match cluster.api.list(RELEASES, namespace, "").await {
        Err(refusal) if refusal.kind == RefusalKind::Forbidden => {
            let found = format!("in namespace {namespace} you may not see releases; you may {said}");
            vec![Finding { check, state: State::Warning, found, help: Some("ask for the role view".to_owned()) }]
        }
        _ => vec![Finding::well(check, format!("in namespace {namespace} you may: {said}"))],
    }
}
