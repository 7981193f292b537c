//! The hold: its definitions, its policies, and whether it holds.

use serde_json::{Value, json};

use super::Finding;
use crate::api::GROUP;
use crate::api::crds::crds;
use crate::api::names::{AUTHOR, GATE_LABEL, HOLD};
use crate::cli::Failure;
use crate::cli::cluster::hold::{self, Hold};
use crate::cli::cluster::{Cluster, RefusalKind};
use crate::cli::screen::text::count;
use crate::cluster::writes::{DEPLOYMENTS, JOBS, Resource, TEAMS};
use crate::manifests::names::SERVICE_ACCOUNT;

const DEFINITIONS: Resource = Resource {
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
};
/// Where an API server says what it lacks.
const READY: &str = "kubectl get --raw /readyz?verbose";
const APPLY_DEFINITIONS: &str = "rollcall crds | kubectl apply --server-side -f -";

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

/// What holds is there and as it was installed, and it does hold.
pub async fn hold(cluster: &Cluster) -> Vec<Finding> {
    let mut unseen = Vec::new();
    let hold = hold::hold(cluster, &mut unseen).await;
    let mut findings = there(&hold, &unseen);
    findings.extend(effective(cluster, &to_do(cluster, &hold)).await);
    findings
}

/// The policies and their bindings, and the webhook where there is one, are as they were installed.
fn there(hold: &Result<Hold, Failure>, unseen: &[String]) -> Vec<Finding> {
    let check = "policies";
    match hold {
        Err(failure) => vec![Finding::problem(check, failure.first_line(), READY)],
        Ok(hold) if !hold.missing.is_empty() => {
            hold.missing.iter().map(|what| Finding::problem(check, what, hold.mend.said())).collect()
        }
        Ok(_) if !unseen.is_empty() => {
            let found = format!("{}: not visible to you", unseen.join(", "));
            vec![Finding { check, state: super::State::Unseen, found, help: None }]
        }
        Ok(hold) if hold.by_webhook => {
            vec![Finding::well(check, "guards, bindings and the webhook are there, as they were installed")]
        }
        Ok(_) => vec![Finding::well(check, "policies and bindings are there, as they were installed")],
    }
}

/// What to do where nothing is held: a webhook that is there may not answer.
fn to_do(cluster: &Cluster, hold: &Result<Hold, Failure>) -> String {
    match hold {
        Ok(hold) if hold.by_webhook && hold.missing.is_empty() => {
            format!("kubectl logs -n {} deployment/{SERVICE_ACCOUNT}", cluster.platform)
        }
        Ok(hold) => hold.mend.said(),
        Err(_) => READY.to_owned(),
    }
}

/// A workload with the gate label, created as a dry run, must come back held; and a team with its author, for which the
/// API server has to know the kind's schema, which takes it up to a minute after the definitions came.
async fn effective(cluster: &Cluster, to_do: &str) -> Vec<Finding> {
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
        findings.push(tried(cluster, resource, object, held, [well, ill, to_do]).await);
    }
    let team = probe(cluster, TEAMS, json!({"workloads": []}));
    let stamped = |back: &Value| back["metadata"]["annotations"][AUTHOR].is_string();
    let told = ["came back with its author", "came back without its author: nobody can tell who wrote it", to_do];
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
    [well, ill, to_do]: [&str; 3],
) -> Finding {
    let check = "hold";
    let namespace = &cluster.namespace;
    let what = format!("a {} in namespace {namespace}, tried as a dry run", resource.kind);
    match cluster.api.create(resource, namespace, "&dryRun=All", object).await {
        Ok(back) => {
            if is_well(&back) {
                Finding::well(check, format!("{what}, {well}"))
            } else {
                Finding::problem(check, format!("{what}, {ill}"), to_do)
            }
        }
        // It is stored neither held nor free: changes fail here until what holds them is in force.
        Err(refusal) if refusal.message.contains(&guard(resource)) => {
            Finding::problem(check, format!("{what}, was not held, and the guard refused it"), to_do)
        }
        Err(refusal) if refusal.kind == RefusalKind::Unreachable => {
            let said = format!("a {} tried as a dry run had no answer: {}", resource.kind, refusal.because.join(": "));
            Finding::problem(check, said, READY)
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
