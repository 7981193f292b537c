//! What rollcall found out is written by rollcall: the status of the three kinds.
//!
//! RBAC gives nobody else `*/status`; cluster administrators and GitOps controllers have it all the same. One thing in
//! a team's status is not rollcall's: the condition `Check/<name>` with which another controller answers a check that
//! names it. It takes the verb `answer` on the virtual resource `checkcontrollers` of that controller's name, as the
//! approval of CertificateSigningRequests takes `approve` on `signers`.

use serde_json::Value;

use super::cel::quote;
use super::object::{Denial, Match, Named, Policy, validating_binding};
use super::self_binding::equal_but;
use crate::api::GROUP;
use crate::manifests::Install;
use crate::manifests::names::{CHECK_CONTROLLERS, VERB_ANSWER};

/// The type of the condition that answers a check begins with this.
const ANSWER: &str = "Check/";

/// The policies and their bindings.
pub(super) fn policies(install: &Install) -> Vec<Value> {
    let others: Vec<&str> = super::OWN_RESOURCES.into_iter().filter(|r| *r != "teamreadinesses").collect();
    let denial = Denial::new("false", written_by_rollcall());
    let mut all = policy(install, "guard-status", &others, Vec::new(), &[denial]);
    all.extend(policy(install, "guard-answer", &["teamreadinesses"], answer_variables(), &answer_denials()));
    all
}

fn policy(install: &Install, name: &str, resources: &[&str], variables: Vec<Named>, denials: &[Denial]) -> Vec<Value> {
    let name = format!("{name}.{GROUP}");
    let policy = Policy {
        name: name.clone(),
        failure: "Fail",
        matches: Match::own(resources.iter().map(|resource| format!("{resource}/status")).collect(), &["UPDATE"]),
        conditions: vec![("not-operator", format!("request.userInfo.username != {}", quote(&install.operator_user)))],
        variables,
    };
    vec![policy.validating(denials, &[]), validating_binding(&name, &["Deny"])]
}

fn written_by_rollcall() -> &'static str {
    "the status of {request.kind.kind} {request.namespace}/{request.name} is written by rollcall only; change the \
     spec instead"
}

/// The conditions before and after, those that answer checks apart.
fn answer_variables() -> Vec<Named> {
    let conditions = |object: &str| format!("{object}.?status.?conditions.orValue([])");
    let rest = |object: &str| format!("dyn({object}.?status.orValue({{}}))");
    vec![
        ("new", conditions("object")),
        ("old", conditions("oldObject")),
        ("said", format!("variables.new.filter(c, c.type.startsWith('{ANSWER}') && !(c in variables.old))")),
        ("unsaid", "variables.old.filter(c, !variables.new.exists(n, n.type == c.type))".into()),
        ("others", format!("variables.new.filter(c, !c.type.startsWith('{ANSWER}') && !(c in variables.old))")),
        ("rest", equal_but(&rest("object"), &rest("oldObject"), &["conditions"])),
        (
            "controllers",
            format!(
                "object.?spec.?checks.orValue([])
                 .filter(k, k.?controllerName.orValue('') != '' &&
                   (variables.said + variables.unsaid).exists(c, c.type == '{ANSWER}' + k.name))
                 .map(k, k.controllerName)"
            ),
        ),
        ("controller", "size(variables.controllers) == 0 ? '' : variables.controllers[0]".into()),
    ]
}

fn answer_denials() -> Vec<Denial> {
    vec![
        Denial::new(
            "variables.rest && size(variables.others) == 0 &&
             variables.controllers.all(k, k == variables.controller) &&
             size(variables.controllers) == size(variables.said) + size(variables.unsaid)",
            written_by_rollcall(),
        ),
        Denial::new(
            format!(
                "variables.controller == '' ||
                 authorizer.group('{GROUP}').resource('{CHECK_CONTROLLERS}').namespace(request.namespace).name(variables.controller).check('{VERB_ANSWER}').allowed()"
            ),
            format!(
                "{{request.userInfo.username}} may not answer for the controller {{variables.controller}} in \
                 TeamReadiness {{request.namespace}}/{{request.name}}. Ask an administrator for the verb \
                 {VERB_ANSWER} on {CHECK_CONTROLLERS} of that name"
            ),
        ),
    ]
}
