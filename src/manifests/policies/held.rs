//! Holding: what is the same for every kind of workload.
//!
//! The hold is stored in the same write that changes what would ship, so no controller ever sees the new content
//! unheld. It is sticky, not a refusal: applies succeed and GitOps tools see no error. The guard behind it is what
//! fails closed when the hold policy is gone.

use serde_json::Value;

use super::cel::{annotation_pointer, quote};
use super::object::{Match, Named, Policy, mutating_binding, validating_binding};
use crate::api::GROUP;
use crate::api::names::{
    BREAK_GLASS, GATE_LABEL, HELD_PARTITION, HOLD, HOLD_BY_AUTHOR, HOLD_BY_POLICY, HOLD_RESTORE, RELEASED, ROLLBACK,
    ROLLED_BACK, RUNS,
};
use crate::manifests::Install;
use crate::manifests::names::VERB_OVERRIDE;

/// What the policies must know of a kind of workload. Every expression is CEL; `object` is what would be stored,
/// `oldObject` what is, or null when the object is created. The variables that all kinds have are those of
/// [`HeldKind::variables`].
pub(super) struct HeldKind {
    pub kind: &'static str,
    pub group: &'static str,
    pub version: &'static str,
    pub resource: &'static str,
    /// The field of the spec that says what would ship.
    pub content: &'static str,
    /// Variables that only this kind's expressions use.
    pub variables: &'static [(&'static str, &'static str)],
    /// Whether the request changes what would ship, in a way that this kind can hold.
    pub changed: &'static str,
    /// Whether the hold field of `object` or `oldObject` holds, given its name.
    pub holds: fn(&str) -> String,
    /// Whether the author of an object, given its name, has stopped it, so that releasing it leaves it stopped.
    pub stopped: fn(&str) -> String,
    /// JSON patches that set the hold field.
    pub hold: &'static str,
    /// JSON patches that take the hold field back: `variables.ours` says whether the policy had set it,
    /// `variables.back` what it had been.
    pub release: &'static str,
    /// What the hold field was, as a text that [`HOLD_RESTORE`] keeps, for kinds where removing it is not enough.
    pub remembers: Option<&'static str>,
    /// The former content, as a value that a patch can contain. A rollback pins it. `None` if this kind's content
    /// cannot change.
    pub former: Option<&'static str>,
    /// What of the spec the operator's own account may change, beside the content in a rollback.
    pub operator_fields: &'static [&'static str],
    /// Inside of those fields: what must be true of the operator's own update.
    pub operator_bounds: &'static [fn() -> String],
    /// Annotations in which the API server counts changes itself.
    pub counters: &'static [&'static str],
    /// What only this kind refuses, with the words for it.
    pub refuses: &'static [(&'static str, &'static str)],
}

/// The annotations that only the operator writes; everybody else's writes get the former value back. What a hold
/// remembers is written by the hold.
pub(super) const OWNED: &[&str] = &[ROLLBACK, ROLLED_BACK, RELEASED, RUNS];

/// Those that say what was let go. What goes by the glass went past rollcall, so they would be untrue of it: they go
/// with the write that breaks it.
pub(super) const OVERTAKEN: &[&str] = &[RELEASED, RUNS];

/// Makes room for annotations. An empty map is dropped between two mutations, so each makes its own.
pub(super) const ROOM: &str = "(has(object.metadata.annotations) ? [] : \
     [JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}])";

impl HeldKind {
    pub(super) fn name(&self, purpose: &str) -> String {
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

    pub(super) fn matches(&self, resources: &[&str]) -> Match<'_> {
        Match {
            group: self.group,
            version: self.version,
            resources: resources.iter().map(|resource| (*resource).to_owned()).collect(),
            operations: &["CREATE", "UPDATE"],
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

    /// The content first, then the annotations, then the hold: each sees what the former did.
    fn mutations(&self) -> Vec<String> {
        let pointer = annotation_pointer(HOLD);
        let memory = annotation_pointer(HOLD_RESTORE);
        let mut all = Vec::new();
        all.extend(self.former.map(|former| pin(self.content, former)));
        all.extend(OWNED.iter().map(|key| restore(key)));
        let remember = self.remembers.map_or(String::new(), |_| {
            format!("[JSONPatch{{op: 'add', path: '{memory}', value: variables.remembers}}] +")
        });
        all.push(format!(
            "variables.hold ?
             {ROOM} +
             [JSONPatch{{op: 'add', path: '{pointer}', value: variables.value}}] +
             {remember}
             {} : []",
            self.hold
        ));
        all.push(format!(
            "variables.lift ?
             ('{HOLD}' in variables.ann ? [JSONPatch{{op: 'remove', path: '{pointer}'}}] : []) +
             {} : []",
            self.release
        ));
        let forgets = if self.remembers.is_some() { "!variables.hold && " } else { "" };
        all.push(format!(
            "{forgets}'{HOLD_RESTORE}' in variables.ann ? [JSONPatch{{op: 'remove', path: '{memory}'}}] : []"
        ));
        all
    }

    pub(super) fn subject(&self) -> String {
        format!("{} {{request.namespace}}/{{request.name}}", self.kind)
    }

    /// What both the hold and the guard compute, from the state before and after the request.
    pub(super) fn variables(&self) -> Vec<Named> {
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
            // The glass was broken, and something goes by it.
            ("byGlass", "variables.glass && (variables.changed || variables.oldMark != '')".to_owned()),
            ("value", self.value()),
            ("lift", "!variables.hold && (variables.mark != '' || variables.oldMark != '')".to_owned()),
            ("ours", self.ours()),
        ]);
        if let Some(remembers) = self.remembers {
            all.extend(memory(remembers));
        }
        all
    }

    /// Who set the hold field. A second invocation in the same request sees the first one's mark.
    fn value(&self) -> String {
        format!(
            "variables.oldMark != '' ? (variables.oldMark == '{HOLD_BY_AUTHOR}' ? '{HOLD_BY_AUTHOR}' : '{HOLD_BY_POLICY}') :
             variables.mark in ['{HOLD_BY_POLICY}', '{HOLD_BY_AUTHOR}'] ? variables.mark :
             {} ? '{HOLD_BY_AUTHOR}' : '{HOLD_BY_POLICY}'",
            (self.stopped)("object")
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

/// Everybody but the operator, and only what can still start pods.
pub(super) fn conditions(install: &Install) -> Vec<Named> {
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

/// Puts the former content back while a rollback is under way.
fn pin(content: &str, former: &str) -> String {
    format!(
        "variables.frozen && !variables.glass && variables.changed ?
         [JSONPatch{{op: 'replace', path: '/spec/{content}', value: {former}}}] : []"
    )
}

/// What the hold field was. The first look at a change sees what its author wrote. Later ones, in this request after
/// a webhook or in later requests, see the hold's own value unless the author wrote another, and remember with it;
/// a text that no hold can have written counts as nothing.
fn memory(remembers: &str) -> Vec<Named> {
    let known = format!("'^(OnDelete|[0-9]{{1,9}}|{HELD_PARTITION})$'");
    let of = |annotations: &str| format!("variables.{annotations}[?'{HOLD_RESTORE}']");
    vec![
        ("first", "variables.mark == '' && variables.oldMark == ''".to_owned()),
        ("noted", format!("{}.orValue({}.orValue('0'))", of("ann"), of("oldAnn"))),
        ("remembered", format!("variables.noted.matches({known}) ? variables.noted : '0'")),
        ("remembers", remembers.to_owned()),
        ("back", format!("variables.oldMark != '' ? {}.orValue('0') : variables.remembered", of("oldAnn"))),
    ]
}

/// Gives an annotation its former value back, or takes it away if there was none, or if it is true no more.
fn restore(key: &str) -> String {
    let pointer = annotation_pointer(key);
    let overtaken = if OVERTAKEN.contains(&key) {
        format!(
            "variables.byGlass ? ('{key}' in variables.ann ? [JSONPatch{{op: 'remove', path: '{pointer}'}}] : []) :
         "
        )
    } else {
        String::new()
    };
    format!(
        "{overtaken}variables.ann[?'{key}'] == variables.oldAnn[?'{key}'] ? [] :
         '{key}' in variables.oldAnn ? {ROOM} + [JSONPatch{{op: 'add', path: '{pointer}', value: variables.oldAnn['{key}']}}] :
         [JSONPatch{{op: 'remove', path: '{pointer}'}}]"
    )
}
