//! StatefulSets: held by a partition above every ordinal, so that no pod is replaced. Pods that are created meanwhile
//! get the revision that runs. It does not hold a first install: whoever wants that opts in to the pod gate.

use super::held::HeldKind;
use super::self_binding::equal_but;
use super::template;

pub(super) const STATEFUL_SET: HeldKind = HeldKind {
    kind: "StatefulSet",
    group: "apps",
    version: "v1",
    resource: "statefulsets",
    content: "template",
    variables: template::GATED_VARIABLES,
    changed: template::CHANGED,
    holds: partitioned,
    // OnDelete is an author's way to replace pods by hand, and the largest partition one to replace none.
    stopped: |object| format!("{object}.spec.updateStrategy.type == 'OnDelete' || {}", partitioned(object)),
    hold: "[JSONPatch{op: 'replace', path: '/spec/updateStrategy/type', value: 'RollingUpdate'}] +
        (has(object.spec.updateStrategy.rollingUpdate) ? [] : [JSONPatch{op: 'add',
          path: '/spec/updateStrategy/rollingUpdate', value: Object.spec.updateStrategy.rollingUpdate{}}]) +
        [JSONPatch{op: 'add', path: '/spec/updateStrategy/rollingUpdate/partition', value: 2147483647}]",
    // The former value is given back to an author who had stopped it too: the hold needs a value of its own.
    release: "(object.spec.updateStrategy.type == 'RollingUpdate' &&
         object.spec.updateStrategy.?rollingUpdate.?partition.orValue(0) == 2147483647 &&
         (variables.oldMark != '' || oldObject == null || oldObject.spec.updateStrategy.type == 'OnDelete' ||
           oldObject.spec.updateStrategy.?rollingUpdate.?partition.orValue(0) != 2147483647) ?
         (variables.back == 'OnDelete' ?
           [JSONPatch{op: 'replace', path: '/spec/updateStrategy', value: Object.spec.updateStrategy{type: 'OnDelete'}}] :
           [JSONPatch{op: 'add', path: '/spec/updateStrategy/rollingUpdate/partition', value: int(variables.back)}]) : [])",
    remembers: Some(
        "object.spec.updateStrategy.type == 'OnDelete' ? 'OnDelete' :
         variables.first || object.spec.updateStrategy.?rollingUpdate.?partition.orValue(0) != 2147483647 ?
         string(object.spec.updateStrategy.?rollingUpdate.?partition.orValue(0)) : variables.remembered",
    ),
    former: Some(template::FORMER),
    operator_fields: &["updateStrategy"],
    operator_bounds: &[strategy, rolling_update],
    counters: &[],
    refuses: &[template::KEEPS_POD_GATE],
};

fn partitioned(object: &str) -> String {
    format!(
        "({object}.spec.updateStrategy.type == 'RollingUpdate' &&
         {object}.spec.updateStrategy.?rollingUpdate.?partition.orValue(0) == 2147483647)"
    )
}

fn strategy() -> String {
    equal_but("object.spec.updateStrategy", "oldObject.spec.updateStrategy", &["type", "rollingUpdate"])
}

/// With OnDelete there can be nothing in it.
fn rolling_update() -> String {
    let of = |object: &str| format!("dyn({object}.spec.updateStrategy).?rollingUpdate.orValue({{}})");
    format!(
        "object.spec.updateStrategy.type == 'OnDelete' || ({})",
        equal_but(&of("object"), &of("oldObject"), &["partition"])
    )
}
