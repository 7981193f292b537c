//! Lists of a team's spec whose entries are somebody's word: sign-offs, and tasks that are done.
//!
//! `by` of an entry is what the API server says of the requester, never what the request says. The pattern is that of
//! the approval of CertificateSigningRequests, with a custom verb in the place of a subresource, which custom
//! resources cannot have. Whoever speaks for the team has the verb `signoff` on it; nobody changes another's word.
//! They may take another's back where that can only stop a release, which they can anyway: else the words of people
//! who left would fill a list for ever.

use serde_json::Value;

use super::object::{Denial, Match, Named, Policy, mutating_binding, validating_binding};
use crate::api::GROUP;
use crate::manifests::names::{VERB_OVERRIDE, VERB_SIGNOFF};

/// The team, as messages name it.
pub(super) const TEAM: &str = "TeamReadiness {request.namespace}/{request.name}";

/// One such list.
pub(super) struct Words {
    /// What its policies are called after.
    pub name: &'static str,
    /// The field of the spec.
    pub list: &'static str,
    /// The variable that has whose word each entry is.
    pub speakers: &'static str,
    /// What makes two entries the same entry, as CEL over one of them: the keys of the list-map, with slashes between.
    pub key: fn(&str) -> String,
    /// Whether the field `k` is none that the writer says, or one of the keys.
    pub apart: &'static str,
    /// Which words of others stay; `None` if none do.
    pub binding: Option<Binding>,
    /// Further variables of the guard.
    pub more: Vec<Named>,
    /// Further denials, before the last one.
    pub refuses: Vec<Denial>,
    pub says: Says,
    pub audit: Vec<(&'static str, String)>,
}

/// Words that nobody but their speaker, or somebody with the verb `override`, takes back.
pub(super) struct Binding {
    /// Whether the former entry `o` is one, as CEL.
    pub word: &'static str,
    /// Of such an entry: whose it is.
    pub says: fn(&str) -> String,
}

/// What people are told.
pub(super) struct Says {
    /// They may not do this for the team.
    pub may_not: String,
    /// The entry at the head of a list of them.
    pub first: fn(&str) -> String,
    /// An entry is another's, and what to do instead of changing it.
    pub others: fn(&str) -> String,
    /// The entry, and by whom it was not stamped.
    pub unstamped: fn(&str) -> String,
}

impl Words {
    /// The guard and the stamp with their bindings.
    pub fn policies(self) -> Vec<Value> {
        let (guard, stamp) = (format!("guard-{}.{GROUP}", self.name), format!("stamp-{}.{GROUP}", self.name));
        vec![
            self.policy(&guard, "Fail", self.guard_variables()).validating(&self.denials(&stamp), &self.audit),
            validating_binding(&guard, &["Deny"]),
            self.policy(&stamp, "Ignore", Vec::new()).mutating(&self.mutations()),
            mutating_binding(&stamp),
        ]
    }

    fn policy<'a>(&self, name: &str, failure: &'a str, more: Vec<Named>) -> Policy<'a> {
        let list = self.list;
        let mut variables: Vec<Named> = vec![
            ("new", format!("object.?spec.?{list}.orValue([])")),
            ("old", format!("oldObject == null ? [] : oldObject.?spec.?{list}.orValue([])")),
            ("oldKeys", format!("variables.old.map(o, {})", (self.key)("o"))),
            (self.speakers, format!("variables.new.map(s, {})", self.speaker())),
        ];
        variables.extend(more);
        Policy {
            name: name.to_owned(),
            failure,
            matches: Match::own(vec!["teamreadinesses".to_owned()], &["CREATE", "UPDATE"]),
            conditions: Vec::new(),
            variables,
        }
    }

    /// The position of the former entry of the same key as `s`, or -1, as a list of one: CEL has no local variables.
    fn former(&self) -> String {
        format!("[variables.oldKeys.indexOf({})]", (self.key)("s"))
    }

    /// Whether `s` says what `variables.old[i]` said.
    fn unchanged(&self) -> String {
        let apart = self.apart;
        format!(
            "i >= 0 &&
    dyn(s).all(k, {apart} || (k in dyn(variables.old[i]) && dyn(s)[k] == dyn(variables.old[i])[k])) &&
    dyn(variables.old[i]).all(k, {apart} || k in dyn(s))"
        )
    }

    /// Whose word `s` is: whoever gave it before, if it says what it said; else the requester's.
    fn speaker(&self) -> String {
        let (former, unchanged) = (self.former(), self.unchanged());
        format!("{former}.map(i, {unchanged} ? variables.old[i].?by.orValue('') : request.userInfo.username)[0]")
    }

    /// Only `by` is patched, entry by entry, so that fields which a later version adds survive.
    fn mutations(&self) -> Vec<String> {
        let (list, speakers) = (self.list, self.speakers);
        vec![
            format!(
                "variables.new.transformList(n, s, variables.{speakers}[n] != '' && s.?by.orValue('') != variables.{speakers}[n],
         JSONPatch{{op: 'add', path: '/spec/{list}/' + string(n) + '/by', value: variables.{speakers}[n]}})"
            ),
            format!(
                "variables.new.transformList(n, s, variables.{speakers}[n] == '' && has(s.by),
         JSONPatch{{op: 'remove', path: '/spec/{list}/' + string(n) + '/by'}})"
            ),
        ]
    }

    fn guard_variables(&self) -> Vec<Named> {
        let by = "?by.orValue('') in ['', request.userInfo.username]";
        let (former, unchanged) = (self.former(), self.unchanged());
        let mut all: Vec<Named> = vec![
            ("newKeys", format!("variables.new.map(s, {})", (self.key)("s"))),
            ("said", format!("variables.new.filter(s, !{former}.exists(i, {unchanged}))")),
            ("removed", format!("variables.old.filter(o, !({} in variables.newKeys))", (self.key)("o"))),
            (
                "othersChanged",
                format!("variables.said.filter(s, {former}.exists(i, i >= 0 && !(variables.old[i].{by})))"),
            ),
            ("unstamped", format!("variables.new.filter(s, s.?by.orValue('') != {})", self.speaker())),
        ];
        let binding = self.binding.iter().map(|binding| binding.word);
        all.extend(
            binding.map(|word| ("othersRemoved", format!("variables.removed.filter(o, ({word}) && !(o.{by}))"))),
        );
        all.extend(self.more.iter().cloned());
        all
    }

    fn denials(&self, stamp: &str) -> Vec<Denial> {
        let says = &self.says;
        let mut all = vec![
            Denial::new(
                format!(
                    "(size(variables.said) == 0 && size(variables.removed) == 0) ||
                 authorizer.group('{GROUP}').resource('teamreadinesses').namespace(request.namespace).name(request.name).check('{VERB_SIGNOFF}').allowed()"
                ),
                format!(
                    "{{request.userInfo.username}} may not {}. Ask the team's lead, or an \
                 administrator for the verb {VERB_SIGNOFF} on it",
                    says.may_not
                ),
            ),
            Denial::new("size(variables.othersChanged) == 0", (says.others)(&(says.first)("othersChanged"))),
        ];
        all.extend(self.binding.iter().map(|binding| {
            Denial::new(
                format!(
                    "size(variables.othersRemoved) == 0 ||
                 authorizer.group('{GROUP}').resource('coordinatedreleases').namespace(request.namespace).check('{VERB_OVERRIDE}').allowed()"
                ),
                format!(
                    "{}. They can take it back, or somebody with the verb \
                 {VERB_OVERRIDE} on coordinatedreleases in this namespace",
                    (binding.says)(&(says.first)("othersRemoved"))
                ),
            )
        }));
        all.extend(self.refuses.iter().cloned());
        all.push(Denial::new(
            "size(variables.unstamped) == 0",
            format!(
                "{}: the policy or webhook {stamp} is missing or failed. Ask a cluster administrator to restore it",
                (says.unstamped)(&(says.first)("unstamped"))
            ),
        ));
        all
    }
}
