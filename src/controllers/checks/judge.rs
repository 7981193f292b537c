//! What an object says of itself, as a check's answer. Plain functions: what is old counts as no answer.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::Value;

use super::Said;
use crate::api::fields::WorkloadKind;
use crate::domain::readiness::CheckState;

/// Whether a workload is available, as its own controller says of its newest generation.
pub fn available(kind: WorkloadKind, text: &str) -> Said {
    let object = match observed(text) {
        Ok(object) => object,
        Err(said) => return said,
    };
    let (spec, status) = (&object["spec"], &object["status"]);
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let yes = match kind {
        WorkloadKind::Deployment => of_type(&object, "Available").is_some_and(|c| c["status"] == "True"),
        WorkloadKind::StatefulSet => number(status, "availableReplicas") >= wanted,
        WorkloadKind::DaemonSet => number(status, "numberAvailable") >= number(status, "desiredNumberScheduled"),
        WorkloadKind::Job => of_type(&object, "Complete").is_some_and(|c| c["status"] == "True"),
        WorkloadKind::CronJob => !status["lastSuccessfulTime"].is_null(),
    };
    match yes {
        true if kind == WorkloadKind::Job => Said::of(CheckState::Ready, "it is complete"),
        true => Said::of(CheckState::Ready, "it is available"),
        false => Said::of(CheckState::Retry, "it is not available"),
    }
}

/// Whether a workload has so many ready replicas, as its own controller says of its newest generation.
pub fn replicas(kind: WorkloadKind, text: &str, at_least: i32) -> Said {
    let object = match observed(text) {
        Ok(object) => object,
        Err(said) => return said,
    };
    let ready = match kind {
        WorkloadKind::DaemonSet => number(&object["status"], "numberReady"),
        WorkloadKind::Job => number(&object["status"], "ready"),
        WorkloadKind::CronJob => return Said::cannot("a CronJob has no replicas", "check something else"),
        WorkloadKind::Deployment | WorkloadKind::StatefulSet => number(&object["status"], "readyReplicas"),
    };
    let state = if ready >= i64::from(at_least) { CheckState::Ready } else { CheckState::Retry };
    Said::of(state, format!("{ready} replicas are ready, and {at_least} are wanted"))
}

/// Whether an object's condition has a status that speaks of the object's newest generation.
pub fn condition(object: &Value, name: &str, wanted: &str) -> Said {
    let Some(found) = of_type(object, name) else {
        return Said::of(CheckState::Pending, format!("it has no condition {name}"));
    };
    let generation = object["metadata"]["generation"].as_i64();
    let seen = [&found["observedGeneration"], &object["status"]["observedGeneration"]];
    // What never changed has no earlier generation that could be meant.
    let seen = seen.iter().find_map(|seen| seen.as_i64()).unwrap_or(1);
    if generation.is_some_and(|of| seen < of) {
        return Said::of(CheckState::Pending, format!("its condition {name} does not speak of its newest generation"));
    }
    let (status, reason) =
        (found["status"].as_str().unwrap_or("Unknown"), found["reason"].as_str().unwrap_or_default());
    let state = if status == wanted { CheckState::Ready } else { CheckState::Retry };
    Said::of(
        state,
        format!("{name} is {status}{}", if reason.is_empty() { String::new() } else { format!(" ({reason})") }),
    )
}

/// The answer of another controller, by its condition: only one that speaks of the team's newest generation counts.
pub fn answer(condition: Option<&Condition>, generation: i64) -> Said {
    let Some(found) = condition else {
        return Said::of(CheckState::Pending, "its controller has not answered");
    };
    if found.observed_generation != Some(generation) {
        return Said::of(CheckState::Pending, "its controller has answered an earlier generation");
    }
    let said = if found.message.is_empty() { &found.reason } else { &found.message };
    let state = match (found.status.as_str(), found.reason.as_str()) {
        ("True", _) => CheckState::Ready,
        ("False", "Rejected") => CheckState::Rejected,
        ("False", _) => CheckState::Retry,
        _ => CheckState::Pending,
    };
    Said::of(state, said.clone())
}

/// An object whose controller has seen its newest generation.
fn observed(text: &str) -> Result<Value, Said> {
    let object: Value =
        serde_json::from_str(text).map_err(|_| Said::of(CheckState::Retry, "it cannot be read as an object"))?;
    // Jobs and CronJobs say no generation: their pod template cannot change, or changes nothing that runs.
    let seen = object["status"]["observedGeneration"].as_i64();
    let batch = object["apiVersion"].as_str().is_some_and(|v| v.starts_with("batch/"));
    if !batch && seen.unwrap_or(0) < object["metadata"]["generation"].as_i64().unwrap_or(0) {
        return Err(Said::of(CheckState::Pending, "its controller has yet to see its newest generation"));
    }
    Ok(object)
}

fn of_type<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == name)
}

fn number(status: &Value, field: &str) -> i64 {
    status[field].as_i64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(generation: i64, observed: i64, available: &str) -> String {
        json!({"apiVersion": "apps/v1", "metadata": {"generation": generation}, "spec": {"replicas": 3},
            "status": {"observedGeneration": observed, "readyReplicas": 2,
                "conditions": [{"type": "Available", "status": available}]}})
        .to_string()
    }

    #[test]
    fn what_was_said_of_an_earlier_generation_is_no_answer() {
        let state = |g, o, a: &str| available(WorkloadKind::Deployment, &deployment(g, o, a)).state;
        assert_eq!(state(8, 7, "True"), CheckState::Pending);
        assert_eq!(state(8, 8, "True"), CheckState::Ready);
        assert_eq!(state(8, 8, "False"), CheckState::Retry);
        assert_eq!(replicas(WorkloadKind::Deployment, &deployment(8, 7, "True"), 1).state, CheckState::Pending);
    }

    #[test]
    fn replicas_are_counted_as_ready() {
        let state = |n| replicas(WorkloadKind::Deployment, &deployment(1, 1, "True"), n).state;
        assert_eq!((state(2), state(3)), (CheckState::Ready, CheckState::Retry));
    }

    #[test]
    fn a_condition_counts_for_the_generation_it_speaks_of() {
        let object = |seen: Value| {
            json!({"metadata": {"generation": 4}, "status": {"conditions": [
                {"type": "Healthy", "status": "True", "reason": "Fine", "observedGeneration": seen}]}})
        };
        assert_eq!(condition(&object(json!(4)), "Healthy", "True").state, CheckState::Ready);
        assert_eq!(condition(&object(json!(3)), "Healthy", "True").state, CheckState::Pending);
        assert_eq!(condition(&object(json!(4)), "Healthy", "False").state, CheckState::Retry);
        assert_eq!(condition(&object(json!(4)), "Burning", "False").state, CheckState::Pending, "silence is no answer");
    }

    #[test]
    fn another_controllers_answer_counts_for_the_teams_newest_generation_only() {
        let said = |status: &str, reason: &str, generation| {
            let wire = json!({"type": "Check/x", "status": status, "reason": reason, "message": "", "observedGeneration": generation,
                "lastTransitionTime": "2027-01-12T09:00:00Z"});
            answer(Some(&serde_json::from_value(wire).expect("a condition")), 3).state
        };
        assert_eq!(answer(None, 3).state, CheckState::Pending);
        assert_eq!(said("True", "Fine", 3), CheckState::Ready);
        assert_eq!(said("True", "Fine", 2), CheckState::Pending);
        assert_eq!(said("False", "Burnt", 3), CheckState::Retry);
        assert_eq!(said("False", "Rejected", 3), CheckState::Rejected);
        assert_eq!(said("Unknown", "Asking", 3), CheckState::Pending);
    }
}
