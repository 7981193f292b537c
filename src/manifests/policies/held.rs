//! Holding: what is the same for every kind of workload.
//!
//! The hold is stored in the same write that changes what would ship, so no controller ever sees the new content
//! unheld. It is sticky, not a refusal: applies succeed and GitOps tools see no error. The guard behind it is what
//! fails closed when the hold policy is gone.

use serde_json::Value;

use super::cel::{annotation_pointer, quote};
use super::object::{Denial, Match, Named, Policy, mutating_binding, validating_binding};
use crate::api::GROUP;
use crate::api::names::{
    BREAK_GLASS, GATE_LABEL, HOLD, HOLD_BY_AUTHOR, HOLD_BY_POLICY, HOLD_RESTORE, RELEASED, ROLLBACK, ROLLED_BACK, RUNS,
};
use crate::manifests::Install;
use crate::manifests::names::VERB_OVERRIDE;

/// What the policies must know of a kind of workload.
pub(super) struct HeldKind {
    pub kind: &'static str,
    pub group: &'static str,
    pub version: &'static str,
    pub resource: &'static str,
    /// The requests that can need a hold.
    pub operations: &'static [&'static str],
    /// Variables that only this kind's expressions use.
    pub variables: &'static [(&'static str, &'static str)],
    /// Whether the request changes what would ship.
    pub changed: &'static str,
    /// Whether the hold field of `object` or `oldObject` holds, given its name.
    pub holds: fn(&str) -> String,
    /// JSON patches that set the hold field.
    pub hold: &'static str,
    /// JSON patches that take the hold field back.
    pub release: &'static str,
    /// Whether a rollback pins the pod template, which must be at `spec.template`.
    pub pinned: bool,
    /// Spec fields that the operator's own account may change, beside the template in a rollback.
    pub operator_fields: &'static [&'static str],
    /// Annotations that only the operator writes; all others of this kind's writers get the former value back.
    pub owned: &'static [&'static str],
}

/// The annotations that only the operator writes, for kinds whose hold field needs no memory.
pub(super) const OWNED: &[&str] = &[ROLLBACK, ROLLED_BACK, RELEASED, RUNS, HOLD_RESTORE];

/// Makes room for annotations. An empty map is dropped between two mutations, so each makes its own.
pub(super) const ROOM: &str = "(has(object.metadata.annotations) ? [] : \
     [JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}])";

/// Puts the former template back. It is rebuilt from its two fields because Kubernetes 1.37 cannot marshal a
/// whole built-in struct into a JSON patch once a match condition has been evaluated; an `Object{}` it can.
const PIN: &str = "variables.frozen && !variables.glass && variables.changed ?
    [JSONPatch{op: 'replace', path: '/spec/template', value: Object.spec.template{
      metadata: oldObject.spec.template.metadata,
      spec: oldObject.spec.template.spec
    }}] : []";

impl HeldKind {
    fn name(&self, purpose: &str) -> String {
        format!("{purpose}-{}.{GROUP}", self.kind.to_lowercase())
    }

    /// The guard, the notice and the hold with their bindings, in the order in which they are to be installed.
    pub fn policies(&self, install: &Install) -> Vec<Value> {
        let (guard, notice, hold) = (self.name("guard"), self.name("notice"), self.name("hold"));
        vec![
            self.guard(install),
            validating_binding(&guard, &["Deny"]),
            self.notice(install),
            validating_binding(&notice, &["Warn", "Audit"]),
            self.hold_policy(install),
            mutating_binding(&hold),
        ]
    }

    fn matches(&self, resources: &[&str]) -> Match<'_> {
        Match {
            group: self.group,
            version: self.version,
            resources: resources.iter().map(|resource| (*resource).to_owned()).collect(),
            operations: self.operations,
            label: Some(GATE_LABEL),
        }
    }

    fn hold_policy(&self, install: &Install) -> Value {
        let policy = Policy {
            name: self.name("hold"),
            failure: "Ignore", // the guard fails closed, with a status reason that GitOps tools take well
            matches: self.matches(&[self.resource]),
            conditions: conditions(install),
            variables: self.variables(),
        };
        policy.mutating(&self.mutations())
    }

    /// The template first, then the annotations, then the hold: each sees what the former did.
    fn mutations(&self) -> Vec<String> {
        let pointer = annotation_pointer(HOLD);
        let mut all = Vec::new();
        if self.pinned {
            all.push(PIN.to_owned());
        }
        all.extend(self.owned.iter().map(|key| restore(key)));
        all.push(format!(
            "variables.hold ?
             {ROOM} +
             [JSONPatch{{op: 'add', path: '{pointer}', value: variables.value}}] +
             {} : []",
            self.hold
        ));
        all.push(format!(
            "variables.lift ?
             ('{HOLD}' in variables.ann ? [JSONPatch{{op: 'remove', path: '{pointer}'}}] : []) +
             (variables.ours ? {} : []) : []",
            self.release
        ));
        all
    }

    fn guard(&self, install: &Install) -> Value {
        let status = format!("{}/status", self.resource);
        let mut variables = self.variables();
        variables.extend(guard_variables(self));
        let policy = Policy {
            name: self.name("guard"),
            failure: "Fail",
            // The status subresource of built-in kinds stores annotations too, and that of Jobs also labels.
            matches: self.matches(&[self.resource, &status]),
            conditions: conditions(install),
            variables,
        };
        policy.validating(&self.denials(), &[("break-glass", broken_glass())])
    }

    fn denials(&self) -> Vec<Denial> {
        let subject = self.subject();
        let hold = self.name("hold");
        let owned: Vec<String> =
            self.owned.iter().map(|key| format!("variables.ann[?'{key}'] == variables.oldAnn[?'{key}']")).collect();
        let mut all = vec![
            Denial::new(
                "variables.glass || variables.frozen || !variables.changed || variables.held",
                format!(
                    "{subject} was not stored, because its change would roll out at once: the policy {hold} that \
                     holds it, or its binding, is missing or failed. Ask a cluster administrator to restore it"
                ),
            ),
            Denial::new(
                "variables.glass || !variables.wasHeld || variables.held",
                format!(
                    "{subject} is held and stays held until rollcall releases it. Sign off or wait, or break the \
                     glass with a new value of the annotation {BREAK_GLASS}, which needs the verb {VERB_OVERRIDE}"
                ),
            ),
            Denial::new(
                "variables.oldGate in ['', variables.gate] || variables.glass ||
                 !(variables.changed || variables.wasHeld || variables.frozen)",
                format!(
                    "the label {GATE_LABEL} of {subject} cannot change together with what would ship, while it is held, \
                     or while it is rolled back. Take the workload out of its TeamReadiness, or change the label \
                     in a write of its own when nothing is held"
                ),
            ),
            Denial::new(
                ["(variables.mark in ['', variables.oldMark] || variables.hold)".to_owned(), owned.join(" && ")]
                    .join(" && "),
                format!(
                    "the annotations {HOLD} and {} of {subject} are written by rollcall only. Leave them as they are",
                    self.owned.join(", ")
                ),
            ),
        ];
        if self.pinned {
            all.push(Denial::new(
                "variables.glass || !variables.frozen || !variables.changed",
                format!(
                    "{subject} is being rolled back by {{variables.oldAnn[?'{ROLLBACK}'].orValue('')}}, so its pod \
                     template stays as it is, but the policy {hold} that keeps it is missing or failed. Ask a \
                     cluster administrator to restore it"
                ),
            ));
        }
        all
    }

    fn notice(&self, install: &Install) -> Value {
        let mut variables = self.variables();
        variables.extend(guard_variables(self));
        variables.push(("team", "variables.gate != '' ? variables.gate : variables.oldGate".into()));
        let policy = Policy {
            name: self.name("notice"),
            failure: "Ignore",
            matches: self.matches(&[self.resource]),
            conditions: conditions(install),
            variables,
        };
        let subject = self.subject();
        let glass = "variables.ann[?'rollcall.dev/break-glass']";
        policy.validating(
            &[
                Denial::new(
                    "!variables.held",
                    format!(
                        "{subject} is held: the change is stored and does not roll out until rollcall releases it. \
                         What it waits for is in the status of TeamReadiness {{variables.team}}"
                    ),
                ),
                Denial::new(
                    format!(
                        "variables.glass || {glass}.orValue('') == '' ||
                         {glass} == variables.oldAnn[?'{BREAK_GLASS}']"
                    ),
                    format!(
                        "the annotation {BREAK_GLASS} of {subject} has no effect: {{request.userInfo.username}} lacks \
                         the verb {VERB_OVERRIDE} on coordinatedreleases in this namespace"
                    ),
                ),
            ],
            &[],
        )
    }

    fn subject(&self) -> String {
        format!("{} {{request.namespace}}/{{request.name}}", self.kind)
    }

    /// What both the hold and the guard compute, from the state before and after the request.
    fn variables(&self) -> Vec<Named> {
        let mut all: Vec<Named> = vec![
            ("ann", "object.metadata.?annotations.orValue({})".into()),
            ("oldAnn", "oldObject == null ? {} : oldObject.metadata.?annotations.orValue({})".into()),
            ("mark", format!("variables.ann[?'{HOLD}'].orValue('')")),
            ("oldMark", format!("variables.oldAnn[?'{HOLD}'].orValue('')")),
            ("frozen", format!("variables.oldAnn[?'{ROLLBACK}'].orValue('') != ''")),
            ("glass", glass()),
        ];
        all.extend(self.variables.iter().map(|(name, expression)| (*name, (*expression).to_owned())));
        all.extend([
            ("changed", self.changed.to_owned()),
            (
                "hold",
                "!variables.glass && (variables.oldMark != '' || (variables.changed && !variables.frozen))".to_owned(),
            ),
            ("value", self.value()),
            ("lift", "!variables.hold && (variables.mark != '' || variables.oldMark != '')".to_owned()),
            ("ours", self.ours()),
        ]);
        all
    }

    /// Who set the hold field. A second invocation in the same request sees the first one's mark.
    fn value(&self) -> String {
        format!(
            "variables.oldMark != '' ? (variables.oldMark == '{HOLD_BY_AUTHOR}' ? '{HOLD_BY_AUTHOR}' : '{HOLD_BY_POLICY}') :
             variables.mark in ['{HOLD_BY_POLICY}', '{HOLD_BY_AUTHOR}'] ? variables.mark :
             {} ? '{HOLD_BY_AUTHOR}' : '{HOLD_BY_POLICY}'",
            (self.holds)("object")
        )
    }

    /// Whether a hold that is lifted was set by the policy: before this request, or earlier in this request and
    /// undone because a webhook (one that pins images, say) made the change go away.
    fn ours(&self) -> String {
        format!(
            "variables.oldMark != '' ? variables.oldMark != '{HOLD_BY_AUTHOR}' :
             variables.mark == '{HOLD_BY_POLICY}' && !(oldObject != null && {})",
            (self.holds)("oldObject")
        )
    }
}

fn guard_variables(kind: &HeldKind) -> Vec<Named> {
    vec![
        ("held", format!("variables.mark != '' && {}", (kind.holds)("object"))),
        ("wasHeld", format!("variables.oldMark != '' && oldObject != null && {}", (kind.holds)("oldObject"))),
        ("gate", format!("object.metadata.?labels[?'{GATE_LABEL}'].orValue('')")),
        (
            "oldGate",
            format!("oldObject == null ? variables.gate : oldObject.metadata.?labels[?'{GATE_LABEL}'].orValue('')"),
        ),
    ]
}

/// Everybody but the operator, and only what can still start pods.
fn conditions(install: &Install) -> Vec<Named> {
    vec![
        ("not-operator", format!("request.userInfo.username != {}", quote(&install.operator_user))),
        ("not-terminating", "!has(object.metadata.deletionTimestamp)".into()),
    ]
}

/// The glass is broken once: the annotation must get a new value in this very request.
fn glass() -> String {
    format!(
        "variables.ann[?'{BREAK_GLASS}'].orValue('') != '' &&
         variables.ann[?'{BREAK_GLASS}'] != variables.oldAnn[?'{BREAK_GLASS}'] &&
         authorizer.group('{GROUP}').resource('coordinatedreleases').namespace(request.namespace).check('{VERB_OVERRIDE}').allowed()"
    )
}

/// Every use is audited, honoured or not. `authorizer` is not available in audit annotations.
fn broken_glass() -> String {
    format!(
        "variables.ann[?'{BREAK_GLASS}'] != variables.oldAnn[?'{BREAK_GLASS}'] ?
         request.userInfo.username + ' ' + variables.ann[?'{BREAK_GLASS}'].orValue('(removed)') : ''"
    )
}

/// Gives an annotation its former value back, or takes it away if there was none.
fn restore(key: &str) -> String {
    let pointer = annotation_pointer(key);
    format!(
        "variables.ann[?'{key}'] == variables.oldAnn[?'{key}'] ? [] :
         '{key}' in variables.oldAnn ? {ROOM} + [JSONPatch{{op: 'add', path: '{pointer}', value: variables.oldAnn['{key}']}}] :
         [JSONPatch{{op: 'remove', path: '{pointer}'}}]"
    )
}
