//! A person's tasks: who says that one is done. As with sign-offs, `by` is what the API server says of the
//! requester, and it takes the verb `signoff` on the team: whoever answers for the team answers for its tasks.

use serde_json::Value;

use super::object::{Denial, Match, Named, Policy, mutating_binding, validating_binding};
use crate::api::{GROUP, VERSION};
use crate::manifests::names::{VERB_OVERRIDE, VERB_SIGNOFF};

/// The guard and the stamp with their bindings.
pub(super) fn policies() -> Vec<Value> {
    let (guard, stamp) = (format!("guard-task.{GROUP}"), format!("stamp-task.{GROUP}"));
    vec![
        policy(&guard, "Fail", guard_variables()).validating(&denials(), &[]),
        validating_binding(&guard, &["Deny"]),
        policy(&stamp, "Ignore", Vec::new()).mutating(&mutations()),
        mutating_binding(&stamp),
    ]
}

fn policy<'a>(name: &str, failure: &'a str, more: Vec<Named>) -> Policy<'a> {
    let mut variables: Vec<Named> = vec![
        ("new", "object.?spec.?tasksDone.orValue([])".into()),
        ("old", "oldObject == null ? [] : oldObject.?spec.?tasksDone.orValue([])".into()),
        ("oldKeys", format!("variables.old.map(o, {})", key("o"))),
        ("doers", format!("variables.new.map(s, {})", doer())),
    ];
    variables.extend(more);
    Policy {
        name: name.to_owned(),
        failure,
        matches: Match {
            group: GROUP,
            version: VERSION,
            resources: vec!["teamreadinesses".to_owned()],
            operations: &["CREATE", "UPDATE"],
            label: None,
        },
        conditions: Vec::new(),
        variables,
    }
}

/// What makes two entries the same entry: the keys of the list-map. A step contains no slash.
fn key(entry: &str) -> String {
    format!("{entry}.?step.orValue('') + '/' + {entry}.?release.orValue('')")
}

/// The position of the former entry of the same key as `s`, or -1, as a list of one: CEL has no local variables.
fn former() -> String {
    format!("[variables.oldKeys.indexOf({})]", key("s"))
}

/// Whether `s` says what `variables.old[i]` said. `by` is not said by the writer.
const UNCHANGED: &str = "i >= 0 &&
    dyn(s).all(k, k == 'by' || (k in dyn(variables.old[i]) && dyn(s)[k] == dyn(variables.old[i])[k])) &&
    dyn(variables.old[i]).all(k, k == 'by' || k in dyn(s))";

/// Who did `s`: whoever said so before, if it says what it said; else the requester.
fn doer() -> String {
    format!("{}.map(i, {UNCHANGED} ? variables.old[i].?by.orValue('') : request.userInfo.username)[0]", former())
}

/// Only `by` is patched, entry by entry, so that fields which a later version adds survive.
fn mutations() -> Vec<String> {
    vec![
        "variables.new.transformList(n, s, variables.doers[n] != '' && s.?by.orValue('') != variables.doers[n],
         JSONPatch{op: 'add', path: '/spec/tasksDone/' + string(n) + '/by', value: variables.doers[n]})"
            .to_owned(),
        "variables.new.transformList(n, s, variables.doers[n] == '' && has(s.by),
         JSONPatch{op: 'remove', path: '/spec/tasksDone/' + string(n) + '/by'})"
            .to_owned(),
    ]
}

fn guard_variables() -> Vec<Named> {
    let by = "?by.orValue('') in ['', request.userInfo.username]";
    vec![
        ("newKeys", format!("variables.new.map(s, {})", key("s"))),
        ("said", format!("variables.new.filter(s, !{}.exists(i, {UNCHANGED}))", former())),
        ("removed", format!("variables.old.filter(o, !({} in variables.newKeys))", key("o"))),
        (
            "othersChanged",
            format!("variables.said.filter(s, {}.exists(i, i >= 0 && !(variables.old[i].{by})))", former()),
        ),
        ("othersRemoved", format!("variables.removed.filter(o, !(o.{by}))")),
        ("unstamped", format!("variables.new.filter(s, s.?by.orValue('') != {})", doer())),
    ]
}

fn denials() -> Vec<Denial> {
    let team = "TeamReadiness {request.namespace}/{request.name}";
    let first = |list: &str| {
        format!("{{variables.{list}[0].?step.orValue('')}} of {{variables.{list}[0].?release.orValue('')}}")
    };
    vec![
        Denial::new(
            format!(
                "(size(variables.said) == 0 && size(variables.removed) == 0) ||
                 authorizer.group('{GROUP}').resource('teamreadinesses').namespace(request.namespace).name(request.name).check('{VERB_SIGNOFF}').allowed()"
            ),
            format!(
                "{{request.userInfo.username}} may not say for {team} that a task is done. Ask the team's lead, or an \
                 administrator for the verb {VERB_SIGNOFF} on it"
            ),
        ),
        Denial::new(
            "size(variables.othersChanged) == 0",
            format!(
                "somebody else said in {team} that task {} is done. They can take it back",
                first("othersChanged")
            ),
        ),
        Denial::new(
            format!(
                "size(variables.othersRemoved) == 0 ||
                 authorizer.group('{GROUP}').resource('coordinatedreleases').namespace(request.namespace).check('{VERB_OVERRIDE}').allowed()"
            ),
            format!(
                "somebody else said in {team} that task {} is done. They can take it back, or somebody with the verb \
                 {VERB_OVERRIDE} on coordinatedreleases in this namespace",
                first("othersRemoved")
            ),
        ),
        Denial::new(
            "size(variables.unstamped) == 0",
            format!(
                "the task {} in {team} was not stamped with whoever did it: the policy stamp-task.{GROUP} or its \
                 binding is missing or failed. Ask a cluster administrator to restore it",
                first("unstamped")
            ),
        ),
    ]
}
