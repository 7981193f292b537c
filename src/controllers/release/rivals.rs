//! Which of several live releases that name one workload comes before the others at it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::situation::{Around, workloads_named};
use crate::api::time::{from_kubernetes, from_wire};
use crate::cluster::objects::Release;
use crate::controllers::world::workload_index;
use crate::controllers::{claims, facts};
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::scheduling::situation::{Step, Work};
use crate::domain::workload::Workload;
use crate::validate;

/// Which of a release's workloads another live release claims that comes before it.
pub fn claimed(
    release: &Release,
    steps: &[Step],
    found: &BTreeMap<WorkloadName, Workload>,
    around: &Around,
) -> BTreeMap<WorkloadName, ObjectName> {
    let mut claimed = BTreeMap::new();
    for step in steps {
        let Work::Workload(name) = &step.work else {
            continue;
        };
        let index = workload_index(validate::wire_kind(name.kind), &name.namespace, &name.name);
        let rival = around.others.iter().find(|other| {
            workloads_named(other).iter().any(|(k, ns, n)| workload_index(*k, ns, n) == index)
                && comes_before(other, release, name, around)
                && claims::content_matches(other, name, found.get(name))
        });
        if let Some(rival) = rival {
            claimed.insert(name.clone(), facts::name(&rival.meta.key));
        }
    }
    claimed
}

/// Whether one release comes before another at a workload: the one accepted first, else the one created first. A
/// release that was looked at and not accepted keeps nobody waiting. One that had ended, and takes back what it
/// shipped, comes before nobody, and waits for another only where that has the workload under way.
fn comes_before(one: &Release, other: &Release, at: &WorkloadName, around: &Around) -> bool {
    if one.status.reopened_at.is_some() {
        return false;
    }
    if other.status.reopened_at.is_some() {
        return has_under_way(one, at);
    }
    let order = |r: &Release| (r.meta.created, r.meta.key.clone());
    match (claims_since(one, at, around), claims_since(other, at, around)) {
        (Some(a), Some(b)) => (a, order(one)) < (b, order(other)),
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => one.status.observed_generation.unwrap_or(-1) < 0 && order(one) < order(other),
    }
}

/// Since when a release claims a workload: since it was accepted first. What has become of other teams since changes
/// nothing of that, only the workload's own team can take the claim away.
fn claims_since(release: &Release, at: &WorkloadName, around: &Around) -> Option<DateTime<Utc>> {
    let consents = || claims::consents(around.teams.values().map(|team| &**team), release, at);
    // Who was accepted before that was recorded has it on the condition only.
    let present = || release.status.conditions.iter().find(|c| c.type_ == "Accepted" && c.status == "True");
    let recorded = release.status.accepted_at.as_deref().and_then(from_wire);
    let since = recorded.or_else(|| present().and_then(|c| from_kubernetes(&c.last_transition_time)));
    since.filter(|_| claims::claims_now(release, consents))
}

/// Whether a release has let a workload go and is not done with it.
fn has_under_way(release: &Release, workload: &WorkloadName) -> bool {
    let index = workload_index(validate::wire_kind(workload.kind), &workload.namespace, &workload.name);
    let named = release.spec.steps.iter().filter(|step| step.workload.is_some()).zip(workloads_named(release));
    let mut steps = named.filter(|(_, (kind, namespace, name))| workload_index(*kind, namespace, name) == index);
    steps.any(|(step, _)| {
        let status = release.status.steps.iter().find(|status| status.name == step.name);
        status.is_some_and(|status| !matches!(status.state.as_str(), "Waiting" | "RolledBack"))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::cluster::objects::{Team, decode};
    use crate::domain::names::Kind;

    /// A release of the teams a and b, accepted first at an instant and refused since, if it says so.
    fn release(name: &str, accepted_at: &str, refused_since: Option<&str>) -> Release {
        let (status, since) = refused_since.map_or(("True", accepted_at), |since| ("False", since));
        let part =
            |team: &str| json!({"name": team, "responsibility": "it", "team": {"namespace": team, "name": team}});
        let step =
            |team: &str| json!({"name": team, "participant": team, "workload": {"kind": "Deployment", "name": "api"}});
        let text = json!({"metadata": {"namespace": "r", "name": name, "uid": name, "resourceVersion": "1", "generation": 1},
            "spec": {"participants": [part("a"), part("b")], "steps": [step("a"), step("b")]},
            "status": {"observedGeneration": 1, "acceptedAt": accepted_at, "conditions": [{"type": "Accepted",
                "status": status, "reason": "R", "message": "m", "lastTransitionTime": since}]}});
        decode(&text.to_string()).expect("a release")
    }

    fn team(name: &str, consents: bool) -> Arc<Team> {
        let allow = if consents { json!([{"namespace": "r", "actions": ["Hold", "Release"]}]) } else { json!([]) };
        let text = json!({"metadata": {"namespace": name, "name": name, "uid": name, "resourceVersion": "1"},
            "spec": {"workloads": [{"kind": "Deployment", "name": "api"}], "allow": allow}});
        Arc::new(decode(&text.to_string()).expect("a team"))
    }

    #[test]
    fn who_was_accepted_first_keeps_its_place_where_the_workloads_own_team_consents() {
        let around = |a: bool, b: bool| Around {
            teams: [("a", a), ("b", b)].map(|(t, c)| (ObjectName::new(t, t), team(t, c))).into(),
            ..Around::default()
        };
        let monday = |refused: Option<&str>| release("first", "2027-01-11T09:00:00Z", refused);
        let tuesday = release("second", "2027-01-12T09:00:00Z", None);
        let wednesday = "2027-01-13T09:00:00Z";
        let at = |team: &str| WorkloadName { kind: Kind::Deployment, namespace: team.into(), name: "api".into() };
        let first = |one: &Release, team: &str, around: &Around| {
            let places =
                [comes_before(one, &tuesday, &at(team), around), comes_before(&tuesday, one, &at(team), around)];
            assert_ne!(places[0], places[1], "one of them comes first");
            places[0]
        };
        assert!(first(&monday(None), "b", &around(true, true)));
        assert!(first(&monday(Some(wednesday)), "b", &around(false, true)), "what became of a is nothing to b");
        assert!(!first(&monday(Some(wednesday)), "a", &around(false, true)), "a has withdrawn");
        assert!(!first(&monday(Some(wednesday)), "b", &around(true, false)), "b has withdrawn");
        let mut again = monday(None);
        again.status.conditions = release("first", wednesday, None).status.conditions;
        assert!(first(&again, "b", &around(true, true)), "it is accepted again, in its own place");
    }

    #[test]
    fn who_was_accepted_before_that_was_recorded_has_its_place_since_the_condition_says_so() {
        let mut old = release("first", "2027-01-11T09:00:00Z", None);
        old.status.accepted_at = None;
        let at = WorkloadName { kind: Kind::Deployment, namespace: "a".into(), name: "api".into() };
        assert_eq!(claims_since(&old, &at, &Around::default()), from_wire("2027-01-11T09:00:00Z"));
        "False".clone_into(&mut old.status.conditions[0].status);
        assert_eq!(claims_since(&old, &at, &Around::default()), None);
    }
}
