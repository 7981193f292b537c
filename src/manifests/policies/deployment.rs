//! Deployments: held by `spec.paused`, first install included (a paused Deployment gets no ReplicaSet).

use super::held::HeldKind;
use super::template;

pub(super) const DEPLOYMENT: HeldKind = HeldKind {
    kind: "Deployment",
    group: "apps",
    version: "v1",
    resource: "deployments",
    content: "template",
    variables: template::VARIABLES,
    changed: template::NEW_OR_CHANGED,
    holds: paused,
    stopped: paused,
    hold: "[JSONPatch{op: 'add', path: '/spec/paused', value: true}]",
    release: "(variables.ours && has(object.spec.paused) ? [JSONPatch{op: 'remove', path: '/spec/paused'}] : [])",
    remembers: None,
    former: Some(template::FORMER),
    operator_fields: &["paused"],
    operator_bounds: &[],
    counters: &[],
    refuses: &[],
};

fn paused(object: &str) -> String {
    format!("{object}.spec.?paused.orValue(false)")
}
