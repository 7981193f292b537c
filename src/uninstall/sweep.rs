//! Lets everything go and takes every mark away, until nothing is found.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::clean::{self, Doing};
use super::kinds::{Kind, PODS, SWEPT, api, is_absent, list, named};
use super::{Error, Run, pod_gate};
use crate::api::fields::WorkloadKind;
use crate::api::names::FIELD_MANAGER;

/// How often objects may come back held or marked before that is an error, which takes two minutes or more. API
/// servers act on a deleted binding, and controllers on a changed owner, with a delay.
const LOOKS: usize = 240;
/// Between two looks at everything.
const PAUSE: Duration = Duration::from_millis(500);

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Held workloads that were let go, those that their authors had stopped included.
    pub let_go: usize,
    /// Other objects from which marks were taken.
    pub cleaned: usize,
}

/// Lets every held workload go and takes all that is rollcall's from every object, in these namespaces or, if there
/// are none, in all. Ends when a look finds nothing more. A dry run looks once.
///
/// # Errors
///
/// [`Error::Request`] when a request fails for another reason than that an object has changed or gone meanwhile; what
/// `pod_gate::open` says of pods that wait where policies stay in force;
/// [`Error::Overdue`] with the objects concerned when some come back each time.
pub async fn sweep(run: &Run<'_>, namespaces: &[String]) -> Result<Done, Error> {
    let everywhere = [String::new()];
    let namespaces = if namespaces.is_empty() { &everywhere } else { namespaces };
    let mut done = Done::default();
    let mut found = Vec::new();
    for _ in 0..LOOKS {
        found.clear();
        for kind in SWEPT {
            for namespace in namespaces {
                found.extend(look(run, kind, namespace, &mut done).await?);
            }
        }
        if found.is_empty() || run.dry_run {
            return Ok(done);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Error::Overdue(format!("these are held or marked again and again: {}", found.join("; "))))
}

/// One look at one kind: what was found, with what became of it.
async fn look(run: &Run<'_>, kind: Kind, namespace: &str, done: &mut Done) -> Result<Vec<String>, Error> {
    // Pods are marked by a scheduling gate, which only those with this label can have.
    let labels = if kind == PODS { crate::api::names::POD_GATE_LABEL } else { "" };
    let mut found = Vec::new();
    let mut objects = list(&run.client, kind, namespace, labels).await?;
    // Without the operator's account the gate's guard has gone before.
    if kind == PODS && run.as_operator.is_some() && !run.dry_run && objects.iter().any(waits) {
        done.cleaned += pod_gate::open(run, namespace).await?;
        objects = list(&run.client, kind, namespace, labels).await?;
    }
    for object in objects {
        let value = serde_json::to_value(&object).unwrap_or_default();
        let Some((doing, patch)) = clean::patch(kind.2, &value) else { continue };
        let name = named(kind.2, &object);
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        if run.dry_run {
            count(done, doing);
            run.tell(&format!("{} {name}", doing.verb()));
        } else {
            found.push(match one(run, kind, namespace, &object, patch).await? {
                None => {
                    count(done, doing);
                    run.tell(&format!("{} {name}", doing.verb()));
                    name
                }
                Some(why) => format!("{name} ({why})"),
            });
        }
    }
    Ok(found)
}

fn waits(pod: &kube::api::DynamicObject) -> bool {
    clean::patch("Pod", &serde_json::to_value(pod).unwrap_or_default()).is_some()
}

fn count(done: &mut Done, doing: Doing) {
    match doing {
        Doing::LetGo | Doing::LetGoStopped => done.let_go += 1,
        Doing::Clean => done.cleaned += 1,
    }
}

/// Patches one object. `Some` says why it is to be looked at again.
async fn one(
    run: &Run<'_>,
    kind: Kind,
    namespace: &str,
    object: &kube::api::DynamicObject,
    patch: serde_json::Value,
) -> Result<Option<String>, Error> {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let patch = serde_json::from_value(patch).map(Patch::Json::<()>);
    let patch = patch.map_err(|e| Error::Overdue(format!("a patch of {name} is no JSON patch: {e}")))?;
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let gated = serde_json::from_value::<WorkloadKind>(json!(kind.2)).is_ok();
    let client = run.as_operator.as_ref().filter(|_| gated).unwrap_or(&run.client);
    match api(client, kind, namespace).patch(name, &params, &patch).await {
        Ok(stored) => {
            let stored = serde_json::to_value(&stored).unwrap_or_default();
            Ok(clean::patch(kind.2, &stored).map(|_| "held again: a hold is still in force".to_owned()))
        }
        Err(error) if is_absent(&error) => Ok(Some("it has gone".to_owned())),
        // Somebody wrote in between (a failed test is answered with 422), or a guard is still in force.
        Err(kube::Error::Api(status)) if [403, 409, 422].contains(&status.code) => Ok(Some(status.message.clone())),
        Err(error) => Err(Error::request(format!("patching {}", named(kind.2, object)))(error)),
    }
}
