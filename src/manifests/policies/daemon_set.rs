//! DaemonSets: held by the update strategy OnDelete, as well as that goes. A pod that is re-created meanwhile and one
//! on a new node are of the held content, and a first install is not held; the pod gate closes both.

use super::held::HeldKind;
use super::self_binding::equal_but;
use super::template;

pub(super) const DAEMON_SET: HeldKind = HeldKind {
    kind: "DaemonSet",
    group: "apps",
    version: "v1",
    resource: "daemonsets",
    content: "template",
    variables: template::GATED_VARIABLES,
    changed: template::CHANGED,
    holds: on_delete,
    stopped: on_delete,
    // What `rollingUpdate` says stays in place: it is valid beside OnDelete and ignored.
    hold: "[JSONPatch{op: 'add', path: '/spec/updateStrategy/type', value: 'OnDelete'}]",
    release: "(variables.ours ? [JSONPatch{op: 'add', path: '/spec/updateStrategy/type', value: 'RollingUpdate'}] : [])",
    remembers: None,
    former: Some(template::FORMER),
    operator_fields: &["updateStrategy"],
    operator_bounds: &[|| equal_but("object.spec.updateStrategy", "oldObject.spec.updateStrategy", &["type"])],
    counters: &["deprecated.daemonset.template.generation"],
    refuses: &[template::KEEPS_POD_GATE],
};

fn on_delete(object: &str) -> String {
    format!("{object}.spec.updateStrategy.type == 'OnDelete'")
}
