//! CronJobs: held by `spec.suspend`. While the new version is held the old one does not run either, and once it is let
//! go the latest run that was missed starts at once, unless `startingDeadlineSeconds` says that it is too late.

use super::held::HeldKind;

pub(super) const CRON_JOB: HeldKind = HeldKind {
    kind: "CronJob",
    group: "batch",
    version: "v1",
    resource: "cronjobs",
    content: "jobTemplate",
    variables: &[],
    // When it runs is no content.
    changed: "oldObject == null || object.spec.jobTemplate != oldObject.spec.jobTemplate",
    holds: suspended,
    stopped: suspended,
    hold: "[JSONPatch{op: 'add', path: '/spec/suspend', value: true}]",
    release: "(variables.ours ? [JSONPatch{op: 'add', path: '/spec/suspend', value: false}] : [])",
    remembers: None,
    former: Some(
        "Object.spec.jobTemplate{
      ?metadata: oldObject.spec.jobTemplate.?metadata,
      spec: oldObject.spec.jobTemplate.spec
    }",
    ),
    operator_fields: &["suspend"],
    operator_bounds: &[],
    counters: &[],
    refuses: &[],
};

fn suspended(object: &str) -> String {
    format!("{object}.spec.?suspend.orValue(false)")
}
