//! Former revisions of workloads: where their controllers keep them, which one runs, and how one is put back.
//! Nothing here decides that something is rolled back.

use serde_json::Value;

use super::ResourceVersion;
use super::workloads::{
    Object, Part, Workload, abandon_patch, adapter_of, applied_over, digest_of_content, rollback_patch,
    said_by_appliers, unpin_patch,
};
use super::writes::{ApiError, Objects, Resource};
use crate::api::fields::WorkloadKind;
use crate::api::names::{BREAK_GLASS, HOLD};

/// A former revision of a workload, as it can be put back.
#[derive(Clone, Debug, PartialEq)]
pub struct Former {
    /// The name of the object that keeps it: a ReplicaSet, a ControllerRevision, or a Job of a CronJob.
    pub name: String,
    /// What the workload's spec said, without what its controller added: the pod template, or the Job template.
    pub template: Value,
    /// As [`Workload::template`] is for this content.
    pub digest: String,
    /// UID of the workload that it is a revision of.
    pub owner: String,
}

/// A revision, as an adapter reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::cluster) struct Revision {
    pub name: String,
    pub owner: String,
    pub template: Value,
    pub digest: String,
    /// Later revisions have higher numbers.
    pub number: i64,
    /// It was made of a workload that was held: its controller copied the annotations.
    pub made_held: bool,
    /// The ticket for which the glass of that workload had been broken last.
    pub glass: Option<String>,
    /// How many pods of it are available, and how many there shall be.
    pub serves: [i64; 2],
}

impl Revision {
    /// The revision that `keeper` keeps; `pod_template` is where the pod template is in it.
    pub fn of(keeper: &Value, template: Value, pod_template: &str) -> Self {
        Self {
            name: keeper["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            owner: owner_of(keeper).to_owned(),
            digest: digest_of_content(&template, pod_template),
            template,
            ..Self::default()
        }
    }

    fn former(&self) -> Former {
        let Self { name, owner, template, digest, .. } = self.clone();
        Former { name, template, digest, owner }
    }
}

/// The UID of an object's controller; empty if it has none.
fn owner_of(object: &Value) -> &str {
    let owners = object["metadata"]["ownerReferences"].as_array();
    let owner = owners.into_iter().flatten().find(|o| o["controller"] == true);
    owner.and_then(|o| o["uid"].as_str()).unwrap_or_default()
}

/// Whether an object's controller is this one.
pub(in crate::cluster) fn owned_by(object: &Value, uid: &str) -> bool {
    owner_of(object) == uid
}

/// A ControllerRevision of a StatefulSet or a DaemonSet. Its data is a strategic merge patch that replaces the
/// pod template as a whole.
pub(in crate::cluster) fn controller_revision(revision: &Value) -> Option<Revision> {
    let mut template = revision["data"]["spec"]["template"].clone();
    template.as_object_mut()?.remove("$patch");
    let copied = &revision["metadata"]["annotations"];
    let (made_held, glass) = (copied[HOLD].is_string(), copied[BREAK_GLASS].as_str().map(str::to_owned));
    Some(Revision { number: revision["revision"].as_i64()?, made_held, glass, ..Revision::of(revision, template, "") })
}

/// A pod template without the labels that a controller added to it.
pub(in crate::cluster) fn without_labels(mut template: Value, added: &[&str]) -> Value {
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.retain(|name, _| !added.contains(&name.as_str()));
    }
    template
}

impl Objects {
    /// The revision of a workload that runs while its new content is held; asked after the workload was let go,
    /// the answer can be the new content. `None` if there is none: nothing of it has run, its history is gone, or
    /// its kind keeps none.
    ///
    /// # Errors
    ///
    /// [`ApiError::Conflict`] if the workload is not the one that was read, [`ApiError::NotFound`],
    /// [`ApiError::Forbidden`] or [`ApiError::Unknown`].
    pub async fn former_revision(&self, workload: &Workload) -> Result<Option<Former>, ApiError> {
        let adapter = adapter_of(workload.kind);
        let Some(keeper) = adapter.revisions() else {
            return Ok(None);
        };
        let (object, own) = self.with_revisions(workload, keeper).await?;
        Ok(adapter.former(&object, &own).map(Revision::former))
    }

    /// A workload as it was read, in full, and all of its revisions that are kept.
    async fn with_revisions(&self, workload: &Workload, keeper: Resource) -> Result<(Object, Vec<Revision>), ApiError> {
        let adapter = adapter_of(workload.kind);
        let (namespace, name) = (&*workload.key.namespace, &*workload.key.name);
        let resource = Resource::of(workload.kind);
        let what = resource.said(namespace, name);
        let Some(text) = self.get(resource, namespace, name).await? else {
            return Err(ApiError::NotFound { what });
        };
        let object =
            Object::read(adapter, &text).map_err(|message| ApiError::Unknown { what: what.clone(), message })?;
        if object.metadata.uid != workload.uid || object.digest(adapter) != workload.template {
            return Err(ApiError::Conflict { what });
        }
        let kept = self.list_in(keeper, namespace, &selector(&object.spec["selector"])).await?;
        let all = kept.iter().filter_map(|k| adapter.revision(k));
        Ok((object, all.filter(|r| r.owner == workload.uid).collect()))
    }

    /// Reads a revision again by the name that [`Former`] gave. `None` if it is gone.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] or [`ApiError::Unknown`].
    pub async fn revision(&self, kind: WorkloadKind, namespace: &str, name: &str) -> Result<Option<Former>, ApiError> {
        let adapter = adapter_of(kind);
        let Some(keeper) = adapter.revisions() else {
            return Ok(None);
        };
        let Some(text) = self.get(keeper, namespace, name).await? else {
            return Ok(None);
        };
        let kept: Value = serde_json::from_str(&text)
            .map_err(|e| ApiError::Unknown { what: keeper.said(namespace, name), message: e.to_string() })?;
        Ok(adapter.revision(&kept).map(|r| r.former()))
    }

    /// Puts a former revision back, held or not, if the workload still has the version it was read with. Its
    /// content is pinned until [`Self::unpin`]. `marker` must differ from the marker that the workload has: the
    /// policies let each marker be used once. `from` has the digests of what is rolled back, first that of what runs;
    /// they are remembered, so that nothing lets any of it go by itself when it lands again. It can land over what the
    /// former version has and it lacks, which no apply of it takes away; so the digests of that are remembered as well,
    /// as far as it can still be read. If it cannot, that does not keep a bad version running.
    ///
    /// # Errors
    ///
    /// [`ApiError::Conflict`] if it has another version, or if the revision is not one of this workload; nothing
    /// was written then. [`ApiError::Refused`] if the API server does not take the former content any more.
    pub async fn roll_back(
        &self,
        workload: &Workload,
        former: &Former,
        marker: &str,
        from: &[String],
    ) -> Result<ResourceVersion, ApiError> {
        if former.owner != workload.uid {
            return Err(ApiError::Conflict { what: Resource::of(workload.kind).said_of(&workload.key) });
        }
        let mut forms: Vec<String> = Vec::new();
        for content in from {
            let again = self.landed_again(workload, former, content).await.unwrap_or_else(|error| {
                tracing::warn!(event = "rolled_back_unread", workload = %workload.key, "{error}");
                Vec::new()
            });
            for form in std::iter::once(content.clone()).chain(again) {
                if !forms.contains(&form) {
                    forms.push(form);
                }
            }
        }
        self.patch_workload(workload, rollback_patch(workload, former, marker, &forms.join(" "))).await
    }

    /// Ends a rollback, if the workload still has the version it was read with.
    ///
    /// # Errors
    ///
    /// As [`Self::release`].
    pub async fn unpin(&self, workload: &Workload, rolled_back: &str) -> Result<ResourceVersion, ApiError> {
        self.patch_workload(workload, unpin_patch(workload, rolled_back)).await
    }

    /// The digests of what applies of some content leave over a former revision. What its appliers said themselves is
    /// known only as long as nothing else is stored over it; what became of it, as long as its revision is kept.
    async fn landed_again(&self, workload: &Workload, former: &Former, from: &str) -> Result<Vec<String>, ApiError> {
        let adapter = adapter_of(workload.kind);
        let resource = Resource::of(workload.kind);
        let (namespace, name) = (&*workload.key.namespace, &*workload.key.name);
        let digest = |content: &Value| digest_of_content(content, adapter.pod_template());
        if workload.template != from {
            let Some(keeper) = adapter.revisions() else {
                return Ok(Vec::new());
            };
            let (_, own) = self.with_revisions(workload, keeper).await?;
            let kept = own.iter().find(|r| r.digest == from);
            return Ok(kept
                .map(|r| digest(&applied_over(&Part::all(&r.template), &former.template)))
                .into_iter()
                .collect());
        }
        let what = resource.said(namespace, name);
        let text = self.get(resource, namespace, name).await?.ok_or(ApiError::NotFound { what: what.clone() })?;
        let live: Value =
            serde_json::from_str(&text).map_err(|e| ApiError::Unknown { what, message: e.to_string() })?;
        Ok(forms(&live, adapter.content(), &former.template).iter().map(digest).collect())
    }

    /// Ends a rollback whose release is gone, if the workload still has the version it was read with.
    ///
    /// # Errors
    ///
    /// As [`Self::release`].
    pub async fn abandon(&self, workload: &Workload) -> Result<ResourceVersion, ApiError> {
        self.patch_workload(workload, abandon_patch(workload)).await
    }
}

/// What applies of a workload's own content leave over a former one.
fn forms(live: &Value, content: &str, former: &Value) -> Vec<Value> {
    let stored = &live["spec"][content];
    let parts = [Part::all(stored)].into_iter().chain(said_by_appliers(live, content));
    parts.map(|part| applied_over(&part, former)).collect()
}

/// A label selector as a query has it; empty for none.
fn selector(selector: &Value) -> String {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut terms: Vec<String> = labels.filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let Some(key) = expression["key"].as_str() else { continue };
        let values: Vec<&str> =
            expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        match expression["operator"].as_str() {
            Some("In") => terms.push(format!("{key} in ({})", values.join(","))),
            Some("NotIn") => terms.push(format!("{key} notin ({})", values.join(","))),
            Some("Exists") => terms.push(key.to_owned()),
            Some("DoesNotExist") => terms.push(format!("!{key}")),
            _ => {}
        }
    }
    terms.join(",")
}

#[cfg(test)]
#[path = "revisions_tests.rs"]
mod tests;
