//! The hold: its definitions, its policies, and whether it holds.

use serde_json::{Value, json};

use super::Finding;
use crate::api::GROUP;
use crate::api::crds::crds;
use crate::api::names::{AUTHOR, GATE_LABEL, HOLD};
use crate::cli::cluster::{Cluster, RefusalKind, read};
use crate::cli::screen::text::count;
use crate::cluster::writes::{DEPLOYMENTS, JOBS, Resource, TEAMS};

const DEFINITIONS: Resource = Resource {
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
};
const APPLY_DEFINITIONS: &str = "rollcall crds | kubectl apply --server-side -f -";
const APPLY_POLICIES: &str = "rollcall policies | kubectl apply --server-side -f -";

/// The definitions are there, accepted, and those of this version.
pub async fn definitions(cluster: &Cluster) -> Vec<Finding> {
    let check = "definitions";
    let mut found = Vec::new();
    let mut good = 0;
    for (_, expected) in crds() {
        let name = expected["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let there = match cluster.api.get(DEFINITIONS, "", &name).await {
            Err(refusal) => return vec![Finding::unseen(check, &refusal)],
            Ok(None) => {
                found.push(Finding::problem(check, format!("{name} is not installed"), APPLY_DEFINITIONS));
                continue;
            }
            Ok(Some(there)) => there,
        };
        let conditions = there["status"]["conditions"].as_array();
        let established =
            conditions.is_none_or(|all| all.iter().any(|c| c["type"] == "Established" && c["status"] == "True"));
        if !established {
            let help = format!("kubectl describe crd {name}");
            found.push(Finding::problem(check, format!("{name} is not accepted by the API server"), help));
        } else if !same_schema(&expected, &there) {
            let said = format!("{name} is of another version than this command ({})", env!("CARGO_PKG_VERSION"));
            found.push(Finding::warning(check, said, APPLY_DEFINITIONS));
        } else {
            good += 1;
        }
    }
    if found.is_empty() {
        found.push(Finding::well(check, format!("{} installed, of this version", count(good, "definition"))));
    }
    found
}

/// Whether both say the same of each field. What the API server adds by itself stands elsewhere.
fn same_schema(expected: &Value, there: &Value) -> bool {
    let properties = "/spec/versions/0/schema/openAPIV3Schema/properties";
    expected.pointer(properties).map(compact) == there.pointer(properties).map(compact)
}

/// Without descriptions: words may be better said in another version. Numbers by their value: the API server writes
/// `8.0` as `8`.
fn compact(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, value)| !(*key == "description" && value.is_string()));
            kept.map(|(key, value)| (key.clone(), compact(value))).collect()
        }
        Value::Array(items) => items.iter().map(compact).collect(),
        Value::Number(number) => number.as_f64().into(),
        other => other.clone(),
    }
}

/// The policies and their bindings are there and as they were installed.
pub async fn policies(cluster: &Cluster) -> Vec<Finding> {
    let check = "policies";
    let mut unseen = Vec::new();
    match read::policies_missing(cluster, &mut unseen).await {
        Err(failure) => vec![Finding::problem(check, failure.first_line(), APPLY_POLICIES)],
        Ok(missing) if !missing.is_empty() => {
            missing.into_iter().map(|what| Finding::problem(check, what, APPLY_POLICIES)).collect()
        }
        Ok(_) if !unseen.is_empty() => {
            let found = format!("{}: not visible to you", unseen.join(", "));
            vec![Finding { check, state: super::State::Unseen, found, help: None }]
        }
        Ok(_) => vec![Finding::well(check, "policies and bindings are there, as they were installed")],
    }
}

/// A workload with the gate label, created as a dry run, must come back held; and a team with its author, for which the
/// API server has to know the kind's schema, which takes it up to a minute after the definitions came.
pub async fn effective(cluster: &Cluster) -> Vec<Finding> {
    let template = json!({"metadata": {"labels": {"app": "rollcall-doctor"}}, "spec": {"restartPolicy": "Always",
        "containers": [{"name": "doctor", "image": "registry.example/rollcall-doctor:1"}]}});
    let mut job = template.clone();
    job["spec"]["restartPolicy"] = "Never".into();
    let deployment =
        json!({"replicas": 1, "selector": {"matchLabels": {"app": "rollcall-doctor"}}, "template": template});
    let mut findings = Vec::new();
    for (resource, field, spec) in [(DEPLOYMENTS, "paused", deployment), (JOBS, "suspend", json!({"template": job}))] {
        let mut object = probe(cluster, resource, spec);
        object["metadata"]["labels"] = json!({GATE_LABEL: "rollcall-doctor"});
        let held = |back: &Value| back["metadata"]["annotations"][HOLD] == "policy" && back["spec"][field] == true;
        let [well, ill] = ["came back held", "came back free: nothing is held here"];
        findings.push(tried(cluster, resource, object, held, [well, ill]).await);
    }
    let team = probe(cluster, TEAMS, json!({"workloads": []}));
    let stamped = |back: &Value| back["metadata"]["annotations"][AUTHOR].is_string();
    let told = ["came back with its author", "came back without its author: nobody can tell who wrote it"];
    findings.push(tried(cluster, TEAMS, team, stamped, told).await);
    findings
}

fn probe(cluster: &Cluster, resource: Resource, spec: Value) -> Value {
    json!({"apiVersion": resource.api_version(), "kind": resource.kind, "spec": spec,
        "metadata": {"name": "rollcall-doctor", "namespace": cluster.namespace}})
}

/// The policy that refuses changes of a kind which the hold has let through.
fn guard(resource: Resource) -> String {
    format!("guard-{}.{GROUP}", resource.kind.to_lowercase())
}

async fn tried(
    cluster: &Cluster,
    resource: Resource,
    object: Value,
    is_well: impl Fn(&Value) -> bool,
    [well, ill]: [&str; 2],
) -> Finding {
    let check = "hold";
    let namespace = &cluster.namespace;
    let what = format!("a {} in namespace {namespace}, tried as a dry run", resource.kind);
    match cluster.api.create(resource, namespace, "&dryRun=All", object).await {
        Ok(back) => {
            if is_well(&back) {
                Finding::well(check, format!("{what}, {well}"))
            } else {
                Finding::problem(check, format!("{what}, {ill}"), APPLY_POLICIES)
            }
        }
        // It is stored neither held nor free: changes fail here until what holds them is in force.
        Err(refusal) if refusal.message.contains(&guard(resource)) => {
            Finding::problem(check, format!("{what}, was not held, and the guard refused it"), APPLY_POLICIES)
        }
        Err(refusal) if refusal.kind == RefusalKind::Unreachable => {
            let said = format!("a {} tried as a dry run had no answer: {}", resource.kind, refusal.because.join(": "));
            Finding::problem(check, said, "kubectl get --raw /readyz?verbose")
        }
        Err(refusal) if refusal.kind == RefusalKind::Refused => {
            let said = format!("a {} tried as a dry run was refused: {}", resource.kind, refusal.message);
            Finding::warning(check, said, "try another namespace: -n NAMESPACE")
        }
        Err(refusal) => Finding::unseen(check, &refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_the_same_however_the_api_server_writes_its_numbers_and_another_with_another_bound() {
        let definition = |description: &str, maximum: Value| {
            let seat = json!({"type": "integer", "description": description, "maximum": maximum});
            json!({"spec": {"versions": [{"schema": {"openAPIV3Schema": {"properties": {"seat": seat}}}}]}})
        };
        let ours = definition("which seat", json!(8.0));
        assert!(same_schema(&ours, &definition("a seat", json!(8))));
        assert!(!same_schema(&ours, &definition("which seat", json!(9))));
    }
}
