//! Guarding: what fails closed when the hold is gone, and what tells people that something is held.

use serde_json::Value;

use super::held::{HeldKind, OVERTAKEN, OWNED, conditions};
use super::object::{Denial, Named, Policy};
use crate::api::names::{BREAK_GLASS, GATE_LABEL, HOLD, HOLD_RESTORE, ROLLBACK};
use crate::manifests::Install;
use crate::manifests::names::VERB_OVERRIDE;

impl HeldKind {
    pub(super) fn guard(&self, install: &Install) -> Value {
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
        let mut owned: Vec<String> = OWNED.iter().map(|key| kept(key)).collect();
        let remembers = if self.remembers.is_some() { "variables.hold || " } else { "" };
        owned.push(format!("({remembers}!('{HOLD_RESTORE}' in variables.ann))"));
        let mut all = vec![
            Denial::new(
                "variables.glass || variables.frozen || !variables.changed || variables.held",
                format!(
                    "{subject} was not stored, because its change would roll out at once: the policy or webhook {hold} \
                     that holds it is missing or failed. Ask a cluster administrator to restore it"
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
                    "the annotations {HOLD}, {HOLD_RESTORE}, {} of {subject} are written by rollcall only. Leave them \
                     as they are",
                    OWNED.join(", ")
                ),
            ),
        ];
        if self.former.is_some() {
            all.push(Denial::new(
                "variables.glass || !variables.frozen || !variables.changed",
                format!(
                    "{subject} is being rolled back by {{variables.oldAnn[?'{ROLLBACK}'].orValue('')}}, so its pod \
                     template stays as it is, but the policy or webhook {hold} that keeps it is missing or failed. \
                     Ask a cluster administrator to restore it"
                ),
            ));
        }
        all.extend(self.refuses.iter().map(|(unless, why)| Denial::new(*unless, format!("{subject} {why}"))));
        all
    }

    pub(super) fn notice(&self, install: &Install) -> Value {
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
}

/// An annotation is as it was; or gone, with the write that made it untrue. That is no must: in an emergency the glass
/// breaks without the hold policy, too.
fn kept(key: &str) -> String {
    let same = format!("variables.ann[?'{key}'] == variables.oldAnn[?'{key}']");
    if OVERTAKEN.contains(&key) {
        format!("({same} || variables.byGlass && !('{key}' in variables.ann))")
    } else {
        same
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

/// Every use is audited, honoured or not. `authorizer` is not available in audit annotations.
fn broken_glass() -> String {
    format!(
        "variables.ann[?'{BREAK_GLASS}'] != variables.oldAnn[?'{BREAK_GLASS}'] ?
         request.userInfo.username + ' ' + variables.ann[?'{BREAK_GLASS}'].orValue('(removed)') : ''"
    )
}
