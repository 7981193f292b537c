//! The operator is bound too: what its own account may change, whoever holds its token.
//!
//! RBAC grants whole objects. These policies narrow that to the fields rollcall is there for.

use serde_json::Value;

use super::cel::{quote, quote_all};
use super::held::HeldKind;
use super::object::{Denial, Match, Named, Policy, validating_binding};
use crate::api::names::{LET_GO_BY, ROLLBACK};
use crate::api::{GROUP, VERSION};
use crate::manifests::Install;

/// The policies that bind the operator's account, with their bindings.
pub(super) fn policies(install: &Install, kinds: &[HeldKind]) -> Vec<Value> {
    let own = own_objects(install);
    kinds
        .iter()
        .map(|kind| workload(install, kind))
        .chain([own])
        .flat_map(|(name, policy)| [policy, validating_binding(&name, &["Deny"])])
        .collect()
}

pub(super) fn operator_only(install: &Install) -> Vec<Named> {
    vec![("operator", format!("request.userInfo.username == {}", quote(&install.operator_user)))]
}

/// Also on workloads without the gate label: there the operator may add it, and nothing else.
fn workload(install: &Install, kind: &HeldKind) -> (String, Value) {
    let name = format!("bind-operator-{}.{GROUP}", kind.kind.to_lowercase());
    // Each rollback has a marker of its own, so that one rollback is one write of a template.
    let rolled_back = format!(
        "variables.ann[?'{ROLLBACK}'].orValue('') != '' && variables.ann[?'{ROLLBACK}'] != variables.oldAnn[?'{ROLLBACK}']"
    );
    let mut fields = kind.operator_fields.to_vec();
    fields.extend(kind.former.map(|_| kind.content));
    let subject = format!("{} {{request.namespace}}/{{request.name}}", kind.kind);
    let mut denials = vec![
        only_updates(&subject),
        in_time(&subject),
        only_own_metadata(&subject, kind.counters),
        Denial::new(
            update(&within(&fields, kind)),
            format!(
                "rollcall's own account may change of the spec of {subject} only {}. If rollcall tried this by \
                 itself, report it; if not, its token is stolen: rotate it",
                kind.operator_fields.join(", ")
            ),
        ),
    ];
    if kind.former.is_some() {
        let content = kind.content;
        denials.push(Denial::new(
            update(&format!("object.spec.?{content} == oldObject.spec.?{content} || ({rolled_back})")),
            format!(
                "rollcall's own account may change the {content} of {subject} only as a rollback recorded in the \
                 same write, by a new value of the annotation {ROLLBACK}"
            ),
        ));
    }
    (
        name.clone(),
        policy(
            install,
            name,
            kind.group,
            kind.version,
            vec![kind.resource.to_owned(), format!("{}/scale", kind.resource)],
            &denials,
        ),
    )
}

/// A release action says until when it may be stored. CEL knows no time, but the API server stamps who changed what and
/// when before it asks: what was written after that instant shows that it is past. Whoever erased those stamps from the
/// object has none of this, and the operator's own look at the clock is all there is. (`dyn`: what is declared as a time
/// comes as a text.)
fn in_time(subject: &str) -> Denial {
    let by = format!("variables.ann[?'{LET_GO_BY}']");
    Denial::new(
        update(&format!(
            "!{by}.hasValue() || {by} == variables.oldAnn[?'{LET_GO_BY}'] ||
             object.metadata.?managedFields.orValue([]).all(m,
               !has(m.time) || timestamp(dyn(m.time)) <= timestamp(dyn({by}.value())))"
        )),
        format!(
            "{subject} was not let go: this came later than {{{by}.orValue('')}}, until when it was granted. If it is \
             still to go it is granted anew"
        ),
    )
}

/// Nothing of the spec but these fields differs, and inside of them no more than the kind says.
fn within(fields: &[&str], kind: &HeldKind) -> String {
    let checks = [equal_but("object.spec", "oldObject.spec", fields)].into_iter();
    let checks: Vec<String> = checks.chain(kind.operator_bounds.iter().map(|bound| bound())).collect();
    checks.iter().map(|check| format!("({check})")).collect::<Vec<_>>().join(" && ")
}

/// The three kinds: the operator writes their status, and its own metadata on them.
fn own_objects(install: &Install) -> (String, Value) {
    let name = format!("bind-operator-objects.{GROUP}");
    let resources = super::OWN_RESOURCES.iter().map(|resource| (*resource).to_owned()).collect();
    let subject = "{request.kind.kind} {request.namespace}/{request.name}";
    let denials = [
        only_updates(subject),
        only_own_metadata(subject, &[]),
        Denial::new(
            update("object.?spec == oldObject.?spec"),
            format!("rollcall's own account cannot change the spec of {subject}; people do"),
        ),
    ];
    (name.clone(), policy(install, name, GROUP, VERSION, resources, &denials))
}

fn policy(
    install: &Install,
    name: String,
    group: &str,
    version: &str,
    resources: Vec<String>,
    denials: &[Denial],
) -> Value {
    let policy = Policy {
        name,
        failure: "Fail",
        matches: Match { group, version, resources, operations: &["CREATE", "UPDATE", "DELETE"], label: None },
        conditions: operator_only(install),
        variables: vec![
            ("ann", "object == null ? {} : object.metadata.?annotations.orValue({})".into()),
            ("oldAnn", "oldObject == null ? {} : oldObject.metadata.?annotations.orValue({})".into()),
            ("labels", "object == null ? {} : object.metadata.?labels.orValue({})".into()),
            ("oldLabels", "oldObject == null ? {} : oldObject.metadata.?labels.orValue({})".into()),
        ],
    };
    policy.validating(denials, &[])
}

fn only_updates(subject: &str) -> Denial {
    Denial::new(
        "request.operation == 'UPDATE'",
        format!("rollcall's own account neither creates nor deletes {subject}"),
    )
}

/// `counters` are annotations that the API server itself changes whenever somebody changes something else.
fn only_own_metadata(subject: &str, counters: &[&str]) -> Denial {
    let counters = quote_all(counters);
    let ours = format!("k.startsWith('{GROUP}/') || k in {counters}");
    let both = [("variables.labels", "variables.oldLabels"), ("variables.ann", "variables.oldAnn")];
    let checks: Vec<String> = both
        .iter()
        .map(|(new, old)| {
            format!(
                "{new}.all(k, {ours} || (k in {old} && {new}[k] == {old}[k])) &&
                 {old}.all(k, {ours} || k in {new})"
            )
        })
        .chain(["finalizers", "ownerReferences"].map(|f| format!("object.metadata.?{f} == oldObject.metadata.?{f}")))
        .collect();
    Denial::new(
        update(&checks.join(" &&\n")),
        format!(
            "rollcall's own account may change of the metadata of {subject} only labels and annotations in {GROUP}/"
        ),
    )
}

/// Creations and deletions have their own refusal; other checks are about updates.
fn update(check: &str) -> String {
    format!("request.operation != 'UPDATE' || ({check})")
}

/// Every field but `ignored` is the same on both sides, fields that a later Kubernetes adds included.
pub(in crate::manifests) fn equal_but(new: &str, old: &str, ignored: &[&str]) -> String {
    let ignored = quote_all(ignored);
    format!(
        "dyn({new}).all(k, k in {ignored} || (k in dyn({old}) && dyn({new})[k] == dyn({old})[k])) &&
         dyn({old}).all(k, k in {ignored} || k in dyn({new}))"
    )
}
