//! Sign-offs: whose word it is, and who may give it.
//!
//! `by` is what the API server says of the requester, never what the request says. The pattern is that of the
//! approval of CertificateSigningRequests, with a custom verb in the place of a subresource, which custom
//! resources cannot have.

use serde_json::Value;

use super::object::{Denial, Match, Named, Policy, mutating_binding, validating_binding};
use crate::api::{GROUP, VERSION};
use crate::manifests::names::{VERB_OVERRIDE, VERB_SIGNOFF};

/// The guard and the stamp with their bindings.
pub(super) fn policies() -> Vec<Value> {
    let (guard, stamp) = (format!("guard-signoff.{GROUP}"), format!("stamp-signoff.{GROUP}"));
    vec![
        policy(&guard, "Fail", guard_variables()).validating(&denials(), &[("sign-off", audit())]),
        validating_binding(&guard, &["Deny"]),
        policy(&stamp, "Ignore", Vec::new()).mutating(&mutations()),
        mutating_binding(&stamp),
    ]
}

fn policy<'a>(name: &str, failure: &'a str, more: Vec<Named>) -> Policy<'a> {
    let mut variables: Vec<Named> = vec![
        ("new", "object.?spec.?signOffs.orValue([])".into()),
        ("old", "oldObject == null ? [] : oldObject.?spec.?signOffs.orValue([])".into()),
        ("oldKeys", format!("variables.old.map(o, {})", key("o"))),
        ("signers", format!("variables.new.map(s, {})", signer())),
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

/// What makes two entries the same entry: the keys of the list-map. A role and a seat contain no slash.
fn key(entry: &str) -> String {
    format!("{entry}.?role.orValue('') + '/' + string({entry}.?seat.orValue(1)) + '/' + {entry}.?release.orValue('')")
}

/// The position of the former entry of the same key as `s`, or -1, as a list of one: CEL has no local variables.
fn former() -> String {
    format!("[variables.oldKeys.indexOf({})]", key("s"))
}

/// Whether `s` says what `variables.old[i]` said. `by` is not said by the writer, `seat` is part of the key.
const UNCHANGED: &str = "i >= 0 &&
    dyn(s).all(k, k in ['by', 'seat'] || (k in dyn(variables.old[i]) && dyn(s)[k] == dyn(variables.old[i])[k])) &&
    dyn(variables.old[i]).all(k, k in ['by', 'seat'] || k in dyn(s))";

fn kept() -> String {
    format!("{}.exists(i, {UNCHANGED})", former())
}

/// Who signed `s`: whoever did before, if it says what it said; else the requester.
fn signer() -> String {
    format!("{}.map(i, {UNCHANGED} ? variables.old[i].?by.orValue('') : request.userInfo.username)[0]", former())
}

/// Only `by` is patched, entry by entry, so that fields which a later version adds survive.
fn mutations() -> Vec<String> {
    vec![
        "variables.new.transformList(n, s, variables.signers[n] != '' && s.?by.orValue('') != variables.signers[n],
         JSONPatch{op: 'add', path: '/spec/signOffs/' + string(n) + '/by', value: variables.signers[n]})"
            .to_owned(),
        "variables.new.transformList(n, s, variables.signers[n] == '' && has(s.by),
         JSONPatch{op: 'remove', path: '/spec/signOffs/' + string(n) + '/by'})"
            .to_owned(),
    ]
}

fn guard_variables() -> Vec<Named> {
    let by = "?by.orValue('') in ['', request.userInfo.username]";
    vec![
        ("newKeys", format!("variables.new.map(s, {})", key("s"))),
        ("said", format!("variables.new.filter(s, !{})", kept())),
        ("removed", format!("variables.old.filter(o, !({} in variables.newKeys))", key("o"))),
        (
            "othersChanged",
            format!("variables.said.filter(s, {}.exists(i, i >= 0 && !(variables.old[i].{by})))", former()),
        ),
        ("othersRemoved", format!("variables.removed.filter(o, !(o.{by}))")),
        ("unstamped", format!("variables.new.filter(s, s.?by.orValue('') != {})", signer())),
        ("rule", "dyn(object.?spec.?signOff.orValue(null))".into()),
        (
            "humanRoles",
            "variables.rule == null ? [] :
             variables.rule.?required.orValue([]).filter(r, r.?requireHuman.orValue(false) == true).map(r, r.role)"
                .into(),
        ),
        ("delegates", "variables.rule == null ? [] : variables.rule.?delegates.orValue([])".into()),
        (
            "machine",
            "request.userInfo.username.startsWith('system:serviceaccount:') &&
             !(request.userInfo.username in variables.delegates)"
                .into(),
        ),
        ("forHumans", "variables.said.filter(s, s.?role.orValue('') in variables.humanRoles)".into()),
    ]
}

fn denials() -> Vec<Denial> {
    let team = "TeamReadiness {request.namespace}/{request.name}";
    let first = |list: &str| {
        format!("{{variables.{list}[0].?role.orValue('')}} for {{variables.{list}[0].?release.orValue('')}}")
    };
    vec![
        Denial::new(
            format!(
                "(size(variables.said) == 0 && size(variables.removed) == 0) ||
                 authorizer.group('{GROUP}').resource('teamreadinesses').namespace(request.namespace).name(request.name).check('{VERB_SIGNOFF}').allowed()"
            ),
            format!(
                "{{request.userInfo.username}} may not sign off for {team}. Ask the team's lead, or an \
                 administrator for the verb {VERB_SIGNOFF} on it"
            ),
        ),
        Denial::new(
            "size(variables.othersChanged) == 0",
            format!(
                "the sign-off as {} in {team} is somebody else's. Take another seat of the role, or ask them",
                first("othersChanged")
            ),
        ),
        Denial::new(
            format!(
                "size(variables.othersRemoved) == 0 ||
                 authorizer.group('{GROUP}').resource('coordinatedreleases').namespace(request.namespace).check('{VERB_OVERRIDE}').allowed()"
            ),
            format!(
                "the sign-off as {} in {team} is somebody else's. They can take it back, or somebody with the verb \
                 {VERB_OVERRIDE} on coordinatedreleases in this namespace",
                first("othersRemoved")
            ),
        ),
        Denial::new(
            "!variables.machine || size(variables.forHumans) == 0",
            format!(
                "the sign-off as {} in {team} takes a person, and {{request.userInfo.username}} is a service \
                 account that is not among spec.signOff.delegates",
                first("forHumans")
            ),
        ),
        Denial::new(
            "size(variables.unstamped) == 0",
            format!(
                "the sign-off as {} in {team} was not stamped with its signer: the policy stamp-signoff.{GROUP} or \
                 its binding is missing or failed. Ask a cluster administrator to restore it",
                first("unstamped")
            ),
        ),
    ]
}

/// The audit log keeps who signed how often in one request; who exactly is in the request itself.
fn audit() -> String {
    "size(variables.said) + size(variables.removed) == 0 ? '' :
     request.userInfo.username + ' said ' + string(size(variables.said)) + ', took back ' + string(size(variables.removed))"
        .to_owned()
}
