//! The admission policies that hold workloads and vouch for who wrote what.
//!
//! Nothing here ever decides whether a release may go: policies see one object, no clock and no other object.
//! They keep what is written held, stamp it with its writer, and refuse what nobody may write.
//!
//! Sources: KEP-3488 (ValidatingAdmissionPolicy, GA in Kubernetes 1.30), KEP-3962 (MutatingAdmissionPolicy, GA in
//! 1.36) and their pages in the Kubernetes documentation. Limits that shape the code: one `authorizer` check costs
//! a third of an expression's budget, so an expression has at most two and a policy at most 28; the order of
//! several mutating policies is not defined, so all that depends on order is in one.

mod asked_back;
mod author;
mod cel;
mod cron_job;
mod daemon_set;
mod deployment;
mod guard;
mod held;
mod job;
mod object;
mod pod_gate;
mod self_binding;
mod signoff;
mod stateful_set;
mod status;
mod task;
mod template;
mod words;

use serde_json::Value;

pub(super) use self::cel::quote;
use self::held::HeldKind;
pub(super) use self::self_binding::equal_but;
use super::Install;

/// The kinds of workload that can be held.
const HELD: [HeldKind; 5] =
    [deployment::DEPLOYMENT, stateful_set::STATEFUL_SET, daemon_set::DAEMON_SET, cron_job::CRON_JOB, job::JOB];

/// The resources of the three kinds.
const OWN_RESOURCES: [&str; 3] = ["deploymentwindows", "teamreadinesses", "coordinatedreleases"];

/// All policies and their bindings, in the order in which they are to be installed: a guard and its binding come
/// before the policy that it guards, so that at no time something passes unheld or unstamped, and unguarded.
#[must_use]
pub fn policies(install: &Install) -> Vec<Value> {
    let mut all = self_binding::policies(install, &HELD);
    all.extend(status::policies(install));
    all.extend(signoff::policies());
    all.extend(task::policies());
    all.extend(author::policies());
    all.extend(pod_gate::policies(install));
    all.extend(asked_back::deletion());
    all.extend(HELD.iter().flat_map(|kind| kind.policies(install)));
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::api::names;

    /// Every string of a policy with the key it stands under.
    fn strings(value: &Value, key: &str, found: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => found.push((key.to_owned(), text.clone())),
            Value::Array(items) => items.iter().for_each(|item| strings(item, key, found)),
            Value::Object(map) => map.iter().for_each(|(key, item)| strings(item, key, found)),
            _ => {}
        }
    }

    #[test]
    fn the_budget_of_authorizer_checks_is_kept() {
        for policy in policies(&Install::default()) {
            let mut all = Vec::new();
            strings(&policy, "", &mut all);
            let checks: Vec<usize> = all.iter().map(|(_, text)| text.matches(".check(").count()).collect();
            assert!(checks.iter().all(|count| *count <= 2), "two per expression: {policy:#}");
            assert!(checks.iter().sum::<usize>() <= 28, "28 per policy: {policy:#}");
        }
    }

    #[test]
    fn every_refusal_is_forbidden_and_none_reads_like_an_unchangeable_field() {
        for policy in policies(&Install::default()) {
            for validation in policy["spec"]["validations"].as_array().into_iter().flatten() {
                assert_eq!(validation["reason"], "Forbidden", "{validation:#}");
                for text in ["message", "messageExpression"].map(|key| validation[key].as_str().unwrap_or("")) {
                    assert!(text.contains("rollcall: ") && !text.contains("immutable"), "{text}");
                    assert!(!text.contains('\n'), "the API server drops messages of several lines: {text}");
                }
            }
        }
    }

    #[test]
    fn a_guard_is_in_force_before_what_it_guards() {
        let order: BTreeMap<String, usize> = policies(&Install::default())
            .iter()
            .enumerate()
            .map(|(at, object)| (format!("{} {}", object["kind"], object["metadata"]["name"]).replace('"', ""), at))
            .collect();
        for subject in [
            "deployment",
            "statefulset",
            "daemonset",
            "cronjob",
            "job",
            "signoff",
            "task",
            "teamreadiness",
            "coordinatedrelease",
        ] {
            let guard = order[&format!("ValidatingAdmissionPolicyBinding guard-{subject}.rollcall.dev")];
            let writer = ["hold", "stamp"]
                .iter()
                .find_map(|purpose| order.get(&format!("MutatingAdmissionPolicy {purpose}-{subject}.rollcall.dev")));
            assert!(writer.is_some_and(|at| guard < *at), "{subject}");
        }
    }

    #[test]
    fn every_policy_has_the_binding_that_puts_it_in_force() {
        let all = policies(&Install::default());
        let bound = |name: &Value| all.iter().any(|object| object["spec"]["policyName"] == *name);
        for policy in all.iter().filter(|object| object["kind"].as_str().is_some_and(|kind| kind.ends_with("Policy"))) {
            assert!(bound(&policy["metadata"]["name"]), "{}", policy["metadata"]["name"]);
        }
    }

    #[test]
    fn names_in_expressions_are_the_names_that_the_rest_of_rollcall_uses() {
        let known = [
            names::GATE_LABEL,
            names::HOLD,
            names::HOLD_RESTORE,
            names::ROLLBACK,
            names::ROLLED_BACK,
            names::RUNS,
            names::POD_GATE_LABEL,
            names::RELEASED,
            names::LET_GO_BY,
            names::BREAK_GLASS,
            names::AUTHOR,
            names::ASKED_BACK,
            names::ASKED_BACK_BY,
            names::FORCE_DELETE,
            names::AUTHOR_GROUPS,
            "rollcall.dev",
            "rollcall.dev/",
        ];
        for policy in policies(&Install::default()) {
            let mut all = Vec::new();
            strings(&policy["spec"], "", &mut all);
            let expressions = all.iter().filter(|(key, _)| key == "expression" || key == "valueExpression");
            for literal in expressions.flat_map(|(_, text)| text.split('\'').skip(1).step_by(2)) {
                if literal.contains("rollcall.dev") {
                    assert!(known.contains(&literal) || literal.starts_with("/metadata/"), "{literal}");
                }
                assert!(!literal.contains("restartedAt") || literal == names::RESTARTED_AT, "{literal}");
            }
        }
    }

    #[test]
    fn a_hostile_user_name_stays_a_string() {
        let install = Install { operator_user: "x' || true || '".to_owned(), ..Install::default() };
        let text = serde_json::to_string(&policies(&install)).expect("JSON");
        assert!(!text.contains("'x' || true"), "{text}");
    }
}
