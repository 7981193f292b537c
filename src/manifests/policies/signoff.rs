//! Sign-offs: whose word it is, and who may give it.

use serde_json::Value;

use super::object::{Denial, Named};
use super::words::{Binding, Says, TEAM, Words};

/// The guard and the stamp with their bindings.
pub(super) fn policies() -> Vec<Value> {
    let words = Words {
        name: "signoff",
        list: "signOffs",
        speakers: "signers",
        key,
        apart: "k in ['by', 'seat']",
        // A Go that is gone only takes consent away. What is not known to be one may be what stops a release.
        binding: Some(Binding {
            word: "o.?decision.orValue('') != 'Go'",
            says: |first| format!("the NoGo as {first} in {TEAM} is somebody else's"),
        }),
        more: variables(),
        refuses: refuses(),
        says: Says {
            may_not: format!("sign off for {TEAM}"),
            first,
            others: |first| {
                format!(
                    "the sign-off as {first} in {TEAM} is somebody else's. Take another seat of the role, or ask them"
                )
            },
            unstamped: |first| format!("the sign-off as {first} in {TEAM} was not stamped with its signer"),
        },
        audit: vec![("sign-off", audit())],
    };
    words.policies()
}

/// A role and a seat contain no slash.
fn key(entry: &str) -> String {
    format!("{entry}.?role.orValue('') + '/' + string({entry}.?seat.orValue(1)) + '/' + {entry}.?release.orValue('')")
}

fn first(list: &str) -> String {
    format!("{{variables.{list}[0].?role.orValue('')}} for {{variables.{list}[0].?release.orValue('')}}")
}

fn refuses() -> Vec<Denial> {
    vec![
        // A word that is stored stays when its role is renamed or removed: it counts for nothing then.
        Denial::new(
            "size(variables.unasked) == 0",
            format!(
                "the sign-off as {} in {TEAM} is for a role that nobody asks for: spec.signOff.required names \
                 {{variables.asked}}",
                first("unasked")
            ),
        ),
        Denial::new(
            "!variables.machine || size(variables.forHumans) == 0",
            format!(
                "the sign-off as {} in {TEAM} takes a person, and {{request.userInfo.username}} is a service \
                 account that is not among spec.signOff.delegates",
                first("forHumans")
            ),
        ),
    ]
}

/// Which sign-offs are for no role that is required, which take a person, and whether the requester is none.
fn variables() -> Vec<Named> {
    vec![
        ("rule", "dyn(object.?spec.?signOff.orValue(null))".into()),
        ("required", "variables.rule == null ? [] : variables.rule.?required.orValue([])".into()),
        ("roles", "variables.required.map(r, r.role)".into()),
        ("asked", "size(variables.roles) == 0 ? 'none' : variables.roles.join(', ')".into()),
        ("unasked", "variables.said.filter(s, !(s.?role.orValue('') in variables.roles))".into()),
        ("humanRoles", "variables.required.filter(r, r.?requireHuman.orValue(false) == true).map(r, r.role)".into()),
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

/// The audit log keeps who signed how often in one request; who exactly is in the request itself.
fn audit() -> String {
    "size(variables.said) + size(variables.removed) == 0 ? '' :
     request.userInfo.username + ' said ' + string(size(variables.said)) + ', took back ' + string(size(variables.removed))"
        .to_owned()
}
