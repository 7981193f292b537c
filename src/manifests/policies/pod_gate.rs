//! The pod gate, for whom the hold of a kind is not enough: pods whose template carries [`POD_GATE_LABEL`] are stored
//! with a scheduling gate until the revision that they are of has been let go.
//!
//! It is opted in to twice: by a team, with the label on a pod template, and by an administrator, who gives rollcall
//! the namespace. Which revisions were let go is in a ConfigMap of that namespace, [`RELEASED_REVISIONS`]: the
//! revision as it stands in the pods' label `controller-revision-hash`, and the workload. Without that ConfigMap, and
//! while a policy is missing, pods with the label are refused.

use serde_json::{Value, json};

use super::cel::quote;
use super::object::{Denial, Match, Named, Policy, mutating_binding, validating_binding};
use super::self_binding::{equal_but, operator_only};
use crate::api::GROUP;
use crate::api::names::{POD_GATE, POD_GATE_LABEL, RELEASED_REVISIONS, REVISION_LABEL};
use crate::manifests::Install;
use crate::manifests::names::VERB_OVERRIDE;

/// The policies of the pod gate with their bindings.
pub(super) fn policies(install: &Install) -> Vec<Value> {
    let [guard, gate, list, bound] =
        ["guard-pod", "gate-pod", "guard-released", "bind-operator-pod"].map(|name| format!("{name}.{GROUP}"));
    vec![
        released_only_by_operator(install, &list),
        validating_binding(&list, &["Deny"]),
        operator_only_ungates(install, &bound),
        validating_binding(&bound, &["Deny"]),
        with_list(policy(&guard, "Fail", &["CREATE", "UPDATE"]).validating(&denials(), &[])),
        in_namespace(validating_binding(&guard, &["Deny"])),
        // The guard refuses what this one could not gate.
        with_list(policy(&gate, "Ignore", &["CREATE"]).mutating(&[add_gate()])),
        in_namespace(mutating_binding(&gate)),
    ]
}

/// Lets a policy see the ConfigMap.
fn with_list(mut policy: Value) -> Value {
    policy["spec"]["paramKind"] = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    policy
}

/// The ConfigMap is that of the pod's own namespace. If there is none, nothing has been let go.
fn in_namespace(mut binding: Value) -> Value {
    binding["spec"]["paramRef"] = json!({"name": RELEASED_REVISIONS, "parameterNotFoundAction": "Deny"});
    binding
}

fn policy<'a>(name: &str, failure: &'a str, operations: &'a [&'a str]) -> Policy<'a> {
    let label = |object: &str, key: &str| format!("{object}.metadata.?labels[?'{key}'].orValue('')");
    let gated = |object: &str| format!("{object}.spec.?schedulingGates.orValue([]).exists(g, g.name == '{POD_GATE}')");
    Policy {
        name: name.to_owned(),
        failure,
        matches: Match {
            group: "",
            version: "v1",
            resources: vec!["pods".to_owned()],
            operations,
            label: Some(POD_GATE_LABEL),
        },
        conditions: Vec::new(),
        variables: vec![
            // The workload that the pod is of, as its template says.
            ("workload", label("object", POD_GATE_LABEL)),
            ("revision", label("object", REVISION_LABEL)),
            (
                "released",
                "variables.workload != '' && params.?data[?variables.revision].orValue('') == variables.workload"
                    .into(),
            ),
            ("gated", gated("object")),
            ("wasGated", format!("oldObject != null && {}", gated("oldObject"))),
            (
                "renamed",
                format!(
                    "oldObject != null && (variables.workload != {} || variables.revision != {})",
                    label("oldObject", POD_GATE_LABEL),
                    label("oldObject", REVISION_LABEL)
                ),
            ),
        ],
    }
}

fn add_gate() -> String {
    format!(
        "variables.released || variables.gated ? [] :
         (has(object.spec.schedulingGates) ? [] : [JSONPatch{{op: 'add', path: '/spec/schedulingGates', value: []}}]) +
         [JSONPatch{{op: 'add', path: '/spec/schedulingGates/-', value: Object.spec.schedulingGates{{name: '{POD_GATE}'}}}}]"
    )
}

/// Nobody takes the gate away from a pod of a revision that was not let go, the operator included.
fn denials() -> Vec<Denial> {
    let pod = "Pod {request.namespace}/{request.name}";
    vec![
        Denial::new(
            "oldObject != null || variables.released || variables.gated",
            format!(
                "{pod} is of a revision that was not let go, and the policy gate-pod.{GROUP} that makes it wait, or \
                 its binding, is missing or failed. Ask a cluster administrator to restore it"
            ),
        ),
        Denial::new(
            "!variables.wasGated || variables.gated || variables.released",
            format!("{pod} waits for its revision to be let go: sign off or wait"),
        ),
        Denial::new(
            "!variables.wasGated || !variables.renamed",
            format!("the labels {POD_GATE_LABEL} and {REVISION_LABEL} of {pod} stay as they are while it waits"),
        ),
    ]
}

/// What was let go is the operator's word. Whoever may break the glass may say it in the operator's place.
fn released_only_by_operator(install: &Install, name: &str) -> Value {
    let policy = Policy {
        name: name.to_owned(),
        failure: "Fail",
        matches: Match {
            group: "",
            version: "v1",
            resources: vec!["configmaps".to_owned()],
            operations: &["CREATE", "UPDATE"],
            label: None,
        },
        conditions: vec![("released", format!("object.metadata.name == '{RELEASED_REVISIONS}'"))],
        variables: vec![
            ("data", "object.?data.orValue({})".into()),
            ("oldData", "oldObject == null ? {} : oldObject.?data.orValue({})".into()),
        ],
    };
    let operator = quote(&install.operator_user);
    let denial = Denial::new(
        format!(
            "request.userInfo.username == {operator} ||
             (variables.data == variables.oldData && !object.?immutable.orValue(false)) ||
             authorizer.group('{GROUP}').resource('coordinatedreleases').namespace(request.namespace).check('{VERB_OVERRIDE}').allowed()"
        ),
        format!(
            "which revisions were let go in {{request.namespace}} is written to ConfigMap {RELEASED_REVISIONS} by \
             rollcall only. Create it empty and leave it alone"
        ),
    );
    let mut policy = policy.validating(&[denial], &[]);
    policy["spec"]["matchConstraints"]["resourceRules"][0]["resourceNames"] = json!([RELEASED_REVISIONS]);
    policy
}

/// Of pods the operator changes one thing.
fn operator_only_ungates(install: &Install, name: &str) -> Value {
    let policy = Policy {
        name: name.to_owned(),
        failure: "Fail",
        matches: Match {
            group: "",
            version: "v1",
            resources: vec!["pods".to_owned()],
            operations: &["UPDATE"],
            label: None,
        },
        conditions: operator_only(install),
        variables: Vec::<Named>::new(),
    };
    let gates = |object: &str| format!("{object}.spec.?schedulingGates.orValue([]).map(g, g.name)");
    let denial = Denial::new(
        format!(
            "({}) && {} == {}.filter(name, name != '{POD_GATE}') &&
             object.metadata.?labels == oldObject.metadata.?labels &&
             object.metadata.?annotations == oldObject.metadata.?annotations &&
             object.metadata.?finalizers == oldObject.metadata.?finalizers &&
             object.metadata.?ownerReferences == oldObject.metadata.?ownerReferences",
            equal_but("object.spec", "oldObject.spec", &["schedulingGates"]),
            gates("object"),
            gates("oldObject")
        ),
        format!(
            "rollcall's own account may change of Pod {{request.namespace}}/{{request.name}} only its scheduling gate \
             {POD_GATE}"
        ),
    );
    policy.validating(&[denial], &[])
}
