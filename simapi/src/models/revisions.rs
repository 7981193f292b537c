//! The ControllerRevisions of StatefulSets and DaemonSets: the templates that they had.

use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::{Look, owner_reference};
use super::rollout::template_hash;
use crate::object::Object;

/// The name of the revision that an object's present template is, which is made if it is not there; and the object's
/// revisions, oldest first.
pub(super) fn of(look: &Look<'_>, owner: &Object) -> (String, Vec<Arc<Object>>) {
    let mut all = look.owned(owner, "apps", "controllerrevisions");
    let number = |revision: &Object| revision.value["revision"].as_i64().unwrap_or(0);
    all.sort_by_key(|revision| number(revision));
    let hash = template_hash(&owner.value["spec"]["template"]);
    let name = format!("{}-{hash}", owner.key().name);
    let next = all.last().map_or(0, |last| number(last)) + 1;
    match all.iter().find(|revision| *revision.key().name == *name) {
        Some(known) if number(known) + 1 < next => {
            let _ = look.merge(known, json!({"revision": next}));
        }
        Some(_) => {}
        None => {
            let meta = &owner.value["metadata"];
            let mut template = owner.value["spec"]["template"].clone();
            template["$patch"] = "replace".into();
            look.create(&json!({
                "apiVersion": "apps/v1",
                "kind": "ControllerRevision",
                "metadata": {
                    "name": name,
                    "namespace": meta["namespace"],
                    "labels": owner.value["spec"]["template"]["metadata"]["labels"],
                    "annotations": meta["annotations"],
                    "ownerReferences": owner_reference(&owner.value),
                },
                "revision": next,
                "data": {"spec": {"template": template}},
            }));
            all = look.owned(owner, "apps", "controllerrevisions");
            all.sort_by_key(|revision| number(revision));
        }
    }
    (name, all)
}

/// The template of a revision.
pub(super) fn template(all: &[Arc<Object>], name: &str) -> Option<Value> {
    let revision = all.iter().find(|revision| *revision.key().name == *name)?;
    let mut template = revision.value["data"]["spec"]["template"].clone();
    template.as_object_mut()?.remove("$patch");
    Some(template)
}
