//! A rollback that a person asks for, on a release that may have ended long ago and whose spec is a record: an
//! annotation says why, the API server stamps who, and a label lets the operator find it.

use serde_json::Value;

use super::cel::annotation_pointer;
use super::held::ROOM;
use super::object::{Denial, Match, Named, Policy, validating_binding};
use crate::api::GROUP;
use crate::api::names::{ASKED_BACK, ASKED_BACK_BY, FORCE_DELETE};
use crate::manifests::names::VERB_ROLLBACK;

/// What the guard and the stamp of releases compute of it.
pub(super) fn variables() -> Vec<Named> {
    vec![
        ("asked", format!("variables.ann[?'{ASKED_BACK}'].orValue('')")),
        (
            "asking",
            format!("variables.asked != '' && variables.asked != variables.oldAnn[?'{ASKED_BACK}'].orValue('')"),
        ),
        (
            "asker",
            format!(
                "variables.asked == '' ? '' : variables.asking ? request.userInfo.username :
                 variables.oldAnn[?'{ASKED_BACK_BY}'].orValue('')"
            ),
        ),
        ("askedLabel", format!("object.metadata.?labels[?'{ASKED_BACK}'].orValue('')")),
        ("wantedLabel", "variables.asked == '' ? '' : 'true'".into()),
    ]
}

pub(super) fn stamps() -> Vec<String> {
    let by = annotation_pointer(ASKED_BACK_BY);
    let label = by.replace("annotations", "labels").replace("-by", "");
    vec![
        format!(
            "variables.ann[?'{ASKED_BACK_BY}'].orValue('') == variables.asker ? [] :
             variables.asker != '' ? {ROOM} + [JSONPatch{{op: 'add', path: '{by}', value: variables.asker}}] :
             [JSONPatch{{op: 'remove', path: '{by}'}}]"
        ),
        format!(
            "variables.askedLabel == variables.wantedLabel ? [] :
             variables.wantedLabel != '' ?
             (has(object.metadata.labels) ? [] : [JSONPatch{{op: 'add', path: '/metadata/labels', value: {{}}}}]) +
             [JSONPatch{{op: 'add', path: '{label}', value: variables.wantedLabel}}] :
             [JSONPatch{{op: 'remove', path: '{label}'}}]"
        ),
    ]
}

pub(super) fn denials() -> Vec<Denial> {
    let release = "CoordinatedRelease {request.namespace}/{request.name}";
    vec![
        Denial::new(
            format!(
                "!variables.asking ||
                 authorizer.group('{GROUP}').resource('coordinatedreleases').namespace(request.namespace).name(request.name).check('{VERB_ROLLBACK}').allowed()"
            ),
            format!(
                "{{request.userInfo.username}} may not ask for a rollback of {release}. Ask somebody with the verb \
                 {VERB_ROLLBACK} on it"
            ),
        ),
        Denial::new(
            format!(
                "variables.ann[?'{ASKED_BACK_BY}'].orValue('') == variables.asker &&
                 variables.askedLabel == variables.wantedLabel"
            ),
            format!(
                "the rollback of {release} was not stamped with whoever asked for it: the policy or webhook \
                 stamp-coordinatedrelease.{GROUP} is missing or failed. Ask a cluster administrator to restore it"
            ),
        ),
    ]
}

/// A release that is under way is not deleted by mistake. With its namespace it goes, as everything does.
pub(super) fn deletion() -> Vec<Value> {
    let name = format!("guard-deletion.{GROUP}");
    let policy = Policy {
        name: name.clone(),
        failure: "Fail",
        matches: Match::own(vec!["coordinatedreleases".to_owned()], &["DELETE"]),
        conditions: Vec::new(),
        variables: vec![
            (
                "underWay",
                "has(oldObject.status) && oldObject.status.?startedAt.orValue('') != '' &&
                 !oldObject.status.?finished.orValue(false)"
                    .into(),
            ),
            // A match condition could not ask: it is never given the namespace.
            ("leaves", "namespaceObject != null && has(namespaceObject.metadata.deletionTimestamp)".into()),
        ],
    };
    let denial = Denial::new(
        format!(
            "!variables.underWay || variables.leaves || oldObject.metadata.?annotations[?'{FORCE_DELETE}'].orValue('') != ''"
        ),
        format!(
            "CoordinatedRelease {{request.namespace}}/{{request.name}} is under way. End it with spec.cancel, wait until \
             it is finished, or set the annotation {FORCE_DELETE} first: what it holds is then its teams' own again"
        ),
    );
    vec![policy.validating(&[denial], &[]), validating_binding(&name, &["Deny"])]
}
