//! The webhook that stands in for mutating policies: its configuration, made from those very policies, its Service,
//! and what the operator may change of the configuration.

use serde_json::{Value, json};

use super::mechanism::Reach;
use super::names::{SERVICE_ACCOUNT, WEBHOOK};
use super::object::{cluster_object, object};
use super::policies::{equal_but, quote};
use super::{Install, deployment};
use crate::api::GROUP;
use crate::api::names::HOLD;

/// Where the operator listens for the API server.
pub const PORT: u16 = 9443;
/// Where the Service does.
const SERVICE_PORT: u16 = 443;
/// How long the API server waits, in whole seconds. Writes to gated workloads wait as long when nobody answers.
pub const TIMEOUT: u32 = 3;

/// The names by which a certificate must know the webhook.
#[must_use]
pub fn host_names(namespace: &str, reach: &Reach) -> Vec<String> {
    match reach {
        Reach::Service => vec![format!("{SERVICE_ACCOUNT}.{namespace}.svc")],
        Reach::Url(url) => vec![host_of(url).to_owned()],
    }
}

/// The host of `https://host:port/…`, an IPv6 address without its brackets.
fn host_of(url: &str) -> &str {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(address),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

/// The configuration: for each mutating policy one webhook that the API server calls for the same requests. It says
/// nothing of the authority to trust: the operator adds its own, or whoever issues its certificate does.
pub(super) fn configuration(install: &Install, reach: &Reach, policies: &[Value]) -> Value {
    // What looks at another object, as the pod gate does, has no stand-in: its guard refuses instead.
    let alone = |policy: &&Value| policy["spec"]["paramKind"].is_null();
    let all = policies.iter().filter(|policy| policy["kind"] == "MutatingAdmissionPolicy").filter(alone);
    let webhooks: Vec<Value> = all.map(|policy| webhook(install, reach, policy)).collect();
    cluster_object(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        WEBHOOK,
        json!({"webhooks": webhooks}),
    )
}

fn webhook(install: &Install, reach: &Reach, policy: &Value) -> Value {
    let name = policy["metadata"]["name"].as_str().unwrap_or_default();
    let (spec, matches) = (&policy["spec"], &policy["spec"]["matchConstraints"]);
    let path = format!("/{}", name.strip_suffix(&format!(".{GROUP}")).unwrap_or(name));
    let client = match reach {
        Reach::Service => json!({"service": {
            "namespace": install.namespace, "name": SERVICE_ACCOUNT, "path": path, "port": SERVICE_PORT}}),
        Reach::Url(url) => json!({"url": format!("{}{path}", url.trim_end_matches('/'))}),
    };
    let mut webhook = json!({
        "name": name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": client,
        "sideEffects": "None",
        // The guard fails closed, with a status reason that GitOps tools take well.
        "failurePolicy": "Ignore",
        "reinvocationPolicy": spec["reinvocationPolicy"],
        "timeoutSeconds": TIMEOUT,
        "matchPolicy": matches["matchPolicy"],
        "namespaceSelector": matches["namespaceSelector"],
        "objectSelector": matches["objectSelector"],
        "rules": matches["resourceRules"],
    });
    let mut conditions = spec["matchConditions"].as_array().cloned().unwrap_or_default();
    if name.starts_with("hold-") && matches["resourceRules"][0]["resources"] != json!(["pods"]) {
        conditions.push(json!({"name": "relevant", "expression": relevant()}));
    }
    if !conditions.is_empty() {
        webhook["matchConditions"] = json!(conditions);
    }
    webhook
}

/// Writes that can neither need a hold nor touch one: those of statuses' and revisions' controllers, above all. A
/// policy costs them nothing; a call over the network would, and more when nobody answers.
fn relevant() -> String {
    let new = "object.metadata.?annotations.orValue({})";
    let old = "oldObject.metadata.?annotations.orValue({})";
    format!(
        "oldObject == null || object.spec != oldObject.spec || '{HOLD}' in {new} || '{HOLD}' in {old} || \
         {new}.exists(k, k.startsWith('{GROUP}/') && !(k in {old} && {old}[k] == {new}[k])) || \
         {old}.exists(k, k.startsWith('{GROUP}/') && !(k in {new}))"
    )
}

/// The Service through which the API server calls. Every replica serves, leader or not.
pub(super) fn service(install: &Install) -> Value {
    object(
        "v1",
        "Service",
        SERVICE_ACCOUNT,
        &install.namespace,
        json!({"spec": {
            "selector": deployment::labels(),
            "ports": [{"name": "webhook", "port": SERVICE_PORT, "targetPort": "webhook", "protocol": "TCP"}],
        }}),
    )
}

/// What RBAC leaves open: the operator may change of its webhooks the authorities to trust, and nothing else. With a
/// stolen token one could else send everybody's writes somewhere.
pub(super) fn self_binding(install: &Install) -> [Value; 2] {
    let name = format!("bind-operator-webhook.{GROUP}");
    let same = [equal_but("w", "o", &["clientConfig"]), equal_but("w.clientConfig", "o.clientConfig", &["caBundle"])];
    let webhooks = format!(
        "size(object.webhooks) == size(oldObject.webhooks) && object.webhooks.all(w, oldObject.webhooks.exists(o, \
         o.name == w.name && {} && {}))",
        same[0], same[1]
    );
    let text = format!(
        "rollcall: rollcall's own account may change of the MutatingWebhookConfiguration {WEBHOOK} only which \
         authorities are trusted. If rollcall tried this by itself, report it; if not, its token is stolen: rotate it"
    );
    let validation = |expression: String| json!({"expression": expression, "reason": "Forbidden", "message": text});
    let spec = json!({
        "failurePolicy": "Fail",
        "matchConstraints": {
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
            "resourceRules": [{
                "apiGroups": ["admissionregistration.k8s.io"], "apiVersions": ["v1"],
                "resources": ["mutatingwebhookconfigurations"],
                "operations": ["CREATE", "UPDATE", "DELETE"], "scope": "*",
            }],
        },
        "matchConditions": [
            {"name": "operator", "expression": format!("request.userInfo.username == {}", quote(&install.operator_user))}
        ],
        "validations": [
            validation(format!("request.operation == 'UPDATE' && request.name == '{WEBHOOK}'")),
            validation(format!("request.operation != 'UPDATE' || ({webhooks})")),
        ],
    });
    let binding = json!({"policyName": name, "validationActions": ["Deny"]});
    let api = "admissionregistration.k8s.io/v1";
    [
        cluster_object(api, "ValidatingAdmissionPolicy", &name, json!({"spec": spec})),
        cluster_object(api, "ValidatingAdmissionPolicyBinding", &name, json!({"spec": binding})),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::mechanism::{Mechanism, admission};

    fn webhooks(reach: Reach) -> Vec<Value> {
        let install = Install { mechanism: Mechanism::Webhook(reach), ..Install::default() };
        let all = admission(&install);
        all.last().and_then(|object| object["webhooks"].as_array().cloned()).expect("a configuration")
    }

    #[test]
    fn each_policy_that_writes_becomes_a_webhook_that_never_refuses_by_itself() {
        let all = webhooks(Reach::Service);
        let names: Vec<&str> = all.iter().filter_map(|webhook| webhook["name"].as_str()).collect();
        for policy in crate::manifests::policies::policies(&Install::default()) {
            if policy["kind"] == "MutatingAdmissionPolicy" {
                let name = policy["metadata"]["name"].as_str().unwrap_or_default();
                // The pod gate looks at a ConfigMap, which no webhook here is shown.
                assert_eq!(names.contains(&name), name != "gate-pod.rollcall.dev", "{name}");
            }
        }
        for webhook in &all {
            assert_eq!(webhook["failurePolicy"], "Ignore");
            assert_eq!(webhook["sideEffects"], "None");
            assert!(webhook["clientConfig"].get("caBundle").is_none());
        }
    }

    #[test]
    fn a_path_names_the_rule_in_a_service_and_in_a_url() {
        let all = webhooks(Reach::Service);
        let job = all.iter().find(|w| w["name"] == "hold-job.rollcall.dev").expect("Jobs are held");
        assert_eq!(job["clientConfig"]["service"]["path"], "/hold-job");
        let all = webhooks(Reach::Url("https://127.0.0.1:9443/".to_owned()));
        let job = all.iter().find(|w| w["name"] == "hold-job.rollcall.dev").expect("Jobs are held");
        assert_eq!(job["clientConfig"], json!({"url": "https://127.0.0.1:9443/hold-job"}));
    }

    #[test]
    fn the_certificate_is_for_the_host_that_is_called() {
        assert_eq!(host_names("ns", &Reach::Service), ["rollcall.ns.svc"]);
        for (url, host) in [("https://127.0.0.1:9443", "127.0.0.1"), ("https://h/x", "h"), ("https://[::1]:1/", "::1")]
        {
            assert_eq!(host_names("ns", &Reach::Url(url.to_owned())), [host]);
        }
    }
}
