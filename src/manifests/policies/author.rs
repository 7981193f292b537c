//! Authorship: who last changed what a release would ship, what a team puts under rollcall, or an override.
//!
//! The operator later asks the API server whether that author may do what it is about to do for them, so the
//! author must be whom the API server saw, and for a team somebody who could touch its workloads anyway.

use serde_json::Value;

use super::asked_back;
use super::cel::{annotation_pointer, quote};
use super::held::ROOM;
use super::object::{Denial, Match, Named, Policy, mutating_binding, validating_binding};
use super::self_binding::equal_but;
use crate::api::GROUP;
use crate::api::authored::{self, Absent, Fields};
use crate::api::names::{AUTHOR, AUTHOR_GROUPS};
use crate::manifests::names::VERB_OVERRIDE;

/// A kind whose author counts.
struct Authored {
    kind: &'static str,
    resource: &'static str,
    /// Whether two specs, given as CEL, are the same but for what is not content. Whoever changes only that is not the
    /// author: else somebody could press the stop button to make a release look like theirs, and its real author could
    /// approve it.
    same: fn(&str, &str) -> String,
}

const TEAM: Authored = Authored {
    kind: "TeamReadiness",
    resource: "teamreadinesses",
    same: |new, old| equal_but(new, old, &["signOffs", "tasksDone"]),
};
const RELEASE: Authored = Authored {
    kind: "CoordinatedRelease",
    resource: "coordinatedreleases",
    same: |new, old| format!("{} == {}", signed(new), signed(old)),
};

/// The kinds that a team can list, with the group and resource of each.
const LISTED: [(&str, &str, &str); 5] = [
    ("Deployment", "apps", "deployments"),
    ("StatefulSet", "apps", "statefulsets"),
    ("DaemonSet", "apps", "daemonsets"),
    ("Job", "batch", "jobs"),
    ("CronJob", "batch", "cronjobs"),
];

/// Guards and stamps of both kinds with their bindings.
pub(super) fn policies() -> Vec<Value> {
    let mut all = TEAM.policies(Vec::new(), team_denials(), &[], &[]);
    let audit = [("override", override_audit())];
    let variables = override_variables().into_iter().chain(asked_back::variables()).collect();
    let denials = release_denials().into_iter().chain(asked_back::denials()).collect();
    let stamps: Vec<String> = override_stamps().into_iter().chain(asked_back::stamps()).collect();
    all.extend(RELEASE.policies(variables, denials, &stamps, &audit));
    all
}

impl Authored {
    fn policies(
        &self,
        more: Vec<Named>,
        mut denials: Vec<Denial>,
        stamps: &[String],
        audit: &[(&str, String)],
    ) -> Vec<Value> {
        let kind = self.kind.to_lowercase();
        let (guard, stamp) = (format!("guard-{kind}.{GROUP}"), format!("stamp-{kind}.{GROUP}"));
        denials.push(self.stamped(&stamp));
        let own = [kept_stamped(AUTHOR, "variables.author"), kept_stamped(AUTHOR_GROUPS, "variables.authorGroups")];
        let mutations: Vec<String> = own.iter().chain(stamps).cloned().collect();
        vec![
            self.policy(&guard, "Fail", &more).validating(&denials, audit),
            validating_binding(&guard, &["Deny"]),
            self.policy(&stamp, "Ignore", &more).mutating(&mutations),
            mutating_binding(&stamp),
        ]
    }

    fn policy<'a>(&self, name: &str, failure: &'a str, more: &[Named]) -> Policy<'a> {
        let spec = ("dyn(object.?spec.orValue({}))", "dyn(oldObject.?spec.orValue({}))");
        let mut variables: Vec<Named> = vec![
            ("ann", "object.metadata.?annotations.orValue({})".into()),
            ("oldAnn", "oldObject == null ? {} : oldObject.metadata.?annotations.orValue({})".into()),
            ("authored", format!("oldObject == null || !({})", (self.same)(spec.0, spec.1))),
            (
                "author",
                format!("variables.authored ? request.userInfo.username : variables.oldAnn[?'{AUTHOR}'].orValue('')"),
            ),
            // One group a line; a name of several lines would smuggle groups in, so it counts for none.
            (
                "authorGroups",
                format!(
                    "variables.authored ? request.userInfo.?groups.orValue([]).filter(g, !g.contains('\\n') && !g.contains('\\r')).join('\\n')
                     : variables.oldAnn[?'{AUTHOR_GROUPS}'].orValue('')"
                ),
            ),
        ];
        variables.extend(more.iter().cloned());
        Policy {
            name: name.to_owned(),
            failure,
            matches: Match::own(vec![self.resource.to_owned()], &["CREATE", "UPDATE"]),
            conditions: Vec::new(),
            variables,
        }
    }

    fn stamped(&self, stamp: &str) -> Denial {
        Denial::new(
            format!(
                "variables.ann[?'{AUTHOR}'].orValue('') == variables.author &&
                 variables.ann[?'{AUTHOR_GROUPS}'].orValue('') == variables.authorGroups"
            ),
            format!(
                "{} {{request.namespace}}/{{request.name}} was not stamped with its author: the policy or \
                 webhook {stamp} is missing or failed. Ask a cluster administrator to restore it",
                self.kind
            ),
        )
    }
}

/// What of a release's spec is signed, as a list. The twin of [`authored::signed`].
fn signed(spec: &str) -> String {
    let lists = authored::LISTS
        .iter()
        .map(|(list, fields)| format!("dyn({spec}.?{list}.orValue([]).map(e, [{}]))", said("dyn(e)", fields)));
    let all: Vec<String> = std::iter::once(said(spec, authored::SPEC)).chain(lists).collect();
    format!("[{}]", all.join(",\n"))
}

fn said(part: &str, fields: Fields) -> String {
    let field = |(path, absent): &(&[&str], Absent)| {
        let absent = match absent {
            Absent::Nothing => "null".to_owned(),
            Absent::Empty => "[]".to_owned(),
            Absent::NoNames => "{}".to_owned(),
            Absent::Word(word) => quote(word),
        };
        format!("dyn({part}.?{}.orValue({absent}))", path.join(".?"))
    };
    fields.iter().map(field).collect::<Vec<_>>().join(", ")
}

/// Gives an annotation this value, or takes it away if that is empty.
fn kept_stamped(key: &str, value: &str) -> String {
    let pointer = annotation_pointer(key);
    format!(
        "variables.ann[?'{key}'].orValue('') == {value} ? [] :
         {value} != '' ? {ROOM} + [JSONPatch{{op: 'add', path: '{pointer}', value: {value}}}] :
         [JSONPatch{{op: 'remove', path: '{pointer}'}}]"
    )
}

/// Without these, somebody who may write a TeamReadiness and nothing else could borrow rollcall's rights.
fn team_denials() -> Vec<Denial> {
    LISTED
        .iter()
        .map(|(kind, group, resource)| {
            Denial::new(
                format!(
                    "!variables.authored || !object.?spec.?workloads.orValue([]).exists(w, w.?kind.orValue('') == '{kind}') ||
                     authorizer.group('{group}').resource('{resource}').namespace(request.namespace).check('patch').allowed()"
                ),
                format!(
                    "TeamReadiness {{request.namespace}}/{{request.name}} lists {resource}, and \
                     {{request.userInfo.username}} may not patch {resource} in this namespace. Let somebody who may \
                     make this change"
                ),
            )
        })
        .collect()
}

fn override_variables() -> Vec<Named> {
    let of = |object: &str| format!("dyn({object}.?spec.?override.orValue(null))");
    let (new, old) = ("variables.override", "variables.oldOverride");
    vec![
        ("override", of("object")),
        ("oldOverride", format!("oldObject == null ? dyn(null) : {}", of("oldObject"))),
        ("overriding", format!("{new} != null && ({old} == null || !({}))", equal_but(new, old, &["by"]))),
        ("by", format!("{new} == null ? '' : {new}.?by.orValue('')")),
        (
            "overrider",
            format!(
                "variables.overriding ? request.userInfo.username :
                 {new} != null && {old} != null ? {old}.?by.orValue('') : ''"
            ),
        ),
    ]
}

fn override_stamps() -> Vec<String> {
    vec![
        "variables.by == variables.overrider ? [] :
         variables.overrider != '' ? [JSONPatch{op: 'add', path: '/spec/override/by', value: variables.overrider}] :
         [JSONPatch{op: 'remove', path: '/spec/override/by'}]"
            .to_owned(),
    ]
}

/// The audit log keeps who set an override, for which ticket, and until when.
fn override_audit() -> String {
    "!variables.overriding ? '' : request.userInfo.username + ' ' + variables.override.?ticket.orValue('') + ' until ' +
     string(variables.override.?until.orValue(''))"
        .to_owned()
}

fn release_denials() -> Vec<Denial> {
    let release = "CoordinatedRelease {request.namespace}/{request.name}";
    vec![
        Denial::new(
            format!(
                "!variables.overriding ||
                 authorizer.group('{GROUP}').resource('coordinatedreleases').namespace(request.namespace).name(request.name).check('{VERB_OVERRIDE}').allowed()"
            ),
            format!(
                "{{request.userInfo.username}} may not override the gates of {release}. Ask somebody with the verb \
                 {VERB_OVERRIDE} on it; taking an override away needs no verb"
            ),
        ),
        Denial::new(
            "variables.by == variables.overrider",
            format!(
                "the override of {release} was not stamped with its author: the policy or webhook \
                 stamp-coordinatedrelease.{GROUP} is missing or failed. Ask a cluster administrator to restore it"
            ),
        ),
    ]
}
