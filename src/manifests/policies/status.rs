//! What rollcall found out is written by rollcall: the status of the three kinds.
//!
//! RBAC gives nobody else `*/status`; cluster administrators and GitOps controllers have it all the same.

use serde_json::Value;

use super::cel::quote;
use super::object::{Denial, Match, Policy, validating_binding};
use crate::api::{GROUP, VERSION};
use crate::manifests::Install;

/// The policy and its binding.
pub(super) fn policies(install: &Install) -> Vec<Value> {
    let name = format!("guard-status.{GROUP}");
    let policy = Policy {
        name: name.clone(),
        failure: "Fail",
        matches: Match {
            group: GROUP,
            version: VERSION,
            resources: super::OWN_RESOURCES.iter().map(|resource| format!("{resource}/status")).collect(),
            operations: &["UPDATE"],
            label: None,
        },
        conditions: Vec::new(),
        variables: Vec::new(),
    };
    let denial = Denial::new(
        format!("request.userInfo.username == {}", quote(&install.operator_user)),
        "the status of {request.kind.kind} {request.namespace}/{request.name} is written by rollcall only; \
         change the spec instead",
    );
    vec![policy.validating(&[denial], &[]), validating_binding(&name, &["Deny"])]
}
