//! Asks one check, whatever its form.

use std::collections::BTreeMap;

use super::Said;
use super::judge;
use crate::api::checks::{self as wire, Check, Comparison, ConditionCheck, PrometheusCheck, ReplicasCheck};
use crate::api::fields::WorkloadRef;
use crate::api::time::duration_from_wire;
use crate::cluster::ObjectKey;
use crate::cluster::access::Wish;
use crate::cluster::anything::Unreadable;
use crate::cluster::objects::Team;
use crate::cluster::writes::{ApiError, Resource};
use crate::controllers::facts::{self, Asking};
use crate::controllers::world::World;
use crate::domain::calendar::WindowType;
use crate::domain::readiness::CheckState;
use crate::outside::prometheus::{self, Threshold};
use crate::outside::{Endpoint, EndpointKind, Endpoints, Trouble, get};

/// What a check says now.
pub async fn ask(world: &World, team: &Team, check: &Check) -> Said {
    if let Some(workload) = &check.workload {
        of_workload(world, team, workload, |object| judge::available(workload.kind, object)).await
    } else if let Some(ReplicasCheck { workload, at_least }) = &check.replicas {
        of_workload(world, team, workload, |object| judge::replicas(workload.kind, object, *at_least)).await
    } else if let Some(condition) = &check.condition {
        of_condition(world, team, condition).await
    } else if check.no_active_freeze.is_some() {
        no_freeze(world, team)
    } else if let Some(query) = &check.prometheus {
        of_prometheus(world, team, query).await
    } else if let Some(wire::HttpCheck { endpoint }) = &check.http {
        of_http(world, team, endpoint).await
    } else {
        let said = format!("Check/{}", check.name);
        judge::answer(team.status.conditions.iter().find(|c| c.type_ == said), team.meta.generation)
    }
}

async fn of_workload(world: &World, team: &Team, workload: &WorkloadRef, judge: impl Fn(&str) -> Said) -> Said {
    match world.objects.get(Resource::of(workload.kind), &team.meta.key.namespace, &workload.name).await {
        Ok(Some(text)) => judge(&text),
        Ok(None) => Said::of(CheckState::Retry, format!("{} {} does not exist", workload.kind.as_str(), workload.name)),
        Err(error) => unread(error, workload.kind.as_str()),
    }
}

async fn of_condition(world: &World, team: &Team, check: &ConditionCheck) -> Said {
    match found(world, team, check).await {
        Ok(said) => said,
        Err(Unreadable::NotAKind(why)) => Said::cannot(why, "correct apiVersion, kind and name of the check"),
        Err(Unreadable::Api(error)) => unread(error, &check.kind),
    }
}

/// What the object says, if whoever wrote the check may read it: rollcall's eyes are not lent.
async fn found(world: &World, team: &Team, check: &ConditionCheck) -> Result<Said, Unreadable> {
    let namespace = &*team.meta.key.namespace;
    let served = world.objects.served(&check.api_version, &check.kind).await?;
    if !served.namespaced {
        return Err(Unreadable::NotAKind(format!("{} is no kind that lives in namespaces", check.kind)));
    }
    let wish = Wish { verb: "get", group: &served.group, plural: &served.plural, namespace, name: &check.name };
    if !world.objects.may(&team.meta.written_by(), wish).await? {
        let why = format!("whoever wrote it may not get {} {}", served.plural, check.name);
        return Ok(Said::cannot(why, "have somebody who may read it change the spec of this TeamReadiness"));
    }
    let object = world.objects.one(&served, namespace, &check.name).await?;
    Ok(match object {
        Some(object) => judge::condition(&object, &check.condition_type, &check.status),
        None => Said::of(CheckState::Retry, format!("{} {} does not exist", check.kind, check.name)),
    })
}

fn unread(error: ApiError, kind: &str) -> Said {
    match error {
        ApiError::Forbidden { .. } => Said::cannot(
            format!("rollcall may not read objects of kind {kind}"),
            "ask an administrator for a ClusterRole that grants get on them, with the label rollcall.dev/aggregate-to-checks: \"true\"",
        ),
        other => Said::of(CheckState::Retry, other.to_string()),
    }
}

fn no_freeze(world: &World, team: &Team) -> Said {
    let namespace = &*team.meta.key.namespace;
    let found = world.stores.namespaces.get(&ObjectKey::new("", namespace));
    let nobody = BTreeMap::new();
    let asking = Asking {
        platform: &world.settings.namespace,
        team: namespace,
        team_labels: found.as_ref().map_or(&nobody, |n| &n.meta.labels),
        release: None,
    };
    let windows = world.stores.windows.list();
    let governing = |window: &_| world.calendars.governing(window);
    let governance = facts::governance(&asking, &windows, &world.stores.windows.all_undecodable(), &governing);
    let closers = governance.at(world.clock.now()).closed_by;
    let freezes: Vec<&str> =
        closers.iter().filter(|c| c.window_type == WindowType::Freeze).map(|c| c.window.as_str()).collect();
    if freezes.is_empty() {
        Said::of(CheckState::Ready, "no freeze is in force")
    } else {
        Said::of(CheckState::Retry, format!("in force: {}", freezes.join(", ")))
    }
}

async fn of_http(world: &World, team: &Team, name: &str) -> Said {
    let endpoint = match endpoint(world, team, name, EndpointKind::Http).await {
        Ok(endpoint) => endpoint,
        Err(said) => return said,
    };
    match get(&endpoint, "").await {
        Ok((status, _)) if status.is_success() => {
            Said::of(CheckState::Ready, format!("it answers {}", status.as_u16()))
        }
        Ok((status, _)) => Said::of(CheckState::Retry, format!("it answers {}", status.as_u16())),
        Err(trouble) => in_vain(trouble),
    }
}

async fn of_prometheus(world: &World, team: &Team, check: &PrometheusCheck) -> Said {
    let endpoint = match endpoint(world, team, &check.endpoint, EndpointKind::Prometheus).await {
        Ok(endpoint) => endpoint,
        Err(said) => return said,
    };
    let Ok(value) = check.threshold.parse() else {
        return Said::cannot("its threshold is no number", "correct the threshold");
    };
    let threshold = Threshold { comparison: comparison(check.comparison), value };
    let hold_for = check.hold_for.as_deref().and_then(duration_from_wire).unwrap_or_default();
    let now = world.clock.now();
    match get(&endpoint, &prometheus::path(&check.query, hold_for, now)).await {
        Ok((status, body)) if status.is_success() => match prometheus::holds(&body, threshold, hold_for, now) {
            Ok(()) => Said::of(CheckState::Ready, "the comparison holds"),
            Err(why) => Said::of(CheckState::Retry, why),
        },
        Ok((status, _)) => Said::of(CheckState::Retry, format!("Prometheus answers {}", status.as_u16())),
        Err(trouble) => in_vain(trouble),
    }
}

fn comparison(wire: Comparison) -> prometheus::Comparison {
    match wire {
        Comparison::Below => prometheus::Comparison::Below,
        Comparison::AtMost => prometheus::Comparison::AtMost,
        Comparison::AtLeast => prometheus::Comparison::AtLeast,
        Comparison::Above => prometheus::Comparison::Above,
    }
}

/// The admin's definition, read anew each time: it is a small file, and a change counts at once.
async fn endpoint(world: &World, team: &Team, name: &str, kind: EndpointKind) -> Result<Endpoint, Said> {
    let ask = "ask an administrator to define it in rollcall's endpoints file";
    let all = match &world.settings.endpoints {
        Some(file) => Endpoints::read(file).await.map_err(|why| {
            tracing::warn!(event = "endpoints_unreadable", file = %file.display(), "{why}");
            Said::cannot(
                "the endpoints file cannot be read",
                "ask an administrator to correct rollcall's endpoints file",
            )
        })?,
        None => Endpoints::default(),
    };
    all.find(name, kind, &team.meta.key.namespace).cloned().map_err(|why| Said::cannot(why, ask))
}

fn in_vain(trouble: Trouble) -> Said {
    match trouble {
        Trouble::Definition(_) | Trouble::Denied(_) => {
            Said::cannot(trouble.to_string(), "ask an administrator to correct rollcall's endpoints file")
        }
        other => Said::of(CheckState::Retry, other.to_string()),
    }
}
