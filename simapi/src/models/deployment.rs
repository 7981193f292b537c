//! The Deployment controller: a ReplicaSet for each template, and a rolling update from one to the next.
//!
//! A paused Deployment scales and tells its status, and begins no rollout: no ReplicaSet is made for its template.

use std::sync::Arc;

use serde_json::{Value, json};

use super::cluster::{Look, owner_reference};
use super::rollout::{condition, set_condition, share, template_hash};
use crate::object::Object;

const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "pod-template-hash";

pub(super) fn pass(look: &Look<'_>) {
    for deployment in look.list("apps", "deployments") {
        let sets = look.owned(&deployment, "apps", "replicasets");
        if !deployment.is_going() {
            Rollout { look, deployment: &deployment, sets }.step();
        }
    }
}

struct Rollout<'a> {
    look: &'a Look<'a>,
    deployment: &'a Arc<Object>,
    sets: Vec<Arc<Object>>,
}

fn replicas(set: &Object) -> i64 {
    set.value["spec"]["replicas"].as_i64().unwrap_or(0)
}

fn available(set: &Object) -> i64 {
    set.value["status"]["availableReplicas"].as_i64().unwrap_or(0)
}

fn revision(object: &Value) -> i64 {
    object["metadata"]["annotations"][REVISION].as_str().and_then(|text| text.parse().ok()).unwrap_or(0)
}

impl Rollout<'_> {
    fn spec(&self) -> &Value {
        &self.deployment.value["spec"]
    }

    fn wanted(&self) -> i64 {
        self.spec()["replicas"].as_i64().unwrap_or(1)
    }

    fn is_paused(&self) -> bool {
        self.spec()["paused"] == true
    }

    /// The ReplicaSet of the present template.
    fn current(&self) -> Option<Arc<Object>> {
        let wanted = &self.spec()["template"];
        let same = |set: &&Arc<Object>| {
            let found = &set.value["spec"]["template"];
            if found["spec"] != wanted["spec"] {
                return false;
            }
            let mut template = found.clone();
            if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
                labels.remove(HASH);
            }
            template == *wanted
        };
        self.sets.iter().find(same).cloned()
    }

    fn step(mut self) {
        let current = self.current();
        match &current {
            _ if self.is_paused() => self.scale_paused(),
            None => {
                self.create();
                self.sets = self.look.owned(self.deployment, "apps", "replicasets");
            }
            Some(current) => {
                if !self.renumber(current) {
                    self.roll(current);
                }
            }
        }
        self.report();
    }

    fn newest_revision(&self) -> i64 {
        self.sets.iter().map(|set| revision(&set.value)).max().unwrap_or(0)
    }

    fn create(&self) {
        let template = &self.spec()["template"];
        let hash = template_hash(template);
        let next = (self.newest_revision() + 1).to_string();
        let (name, meta) = (&self.deployment.key().name, &self.deployment.value["metadata"]);
        let mut set = json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": format!("{name}-{hash}"),
                "namespace": meta["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": {REVISION: next},
                "ownerReferences": owner_reference(&self.deployment.value),
            },
            "spec": {"replicas": 0, "selector": self.spec()["selector"], "template": template},
        });
        for path in ["/metadata/labels", "/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
            if let Some(labels) = set.pointer_mut(path) {
                labels[HASH] = hash.clone().into();
            }
        }
        self.look.create(&set);
        self.annotate(&next);
    }

    /// An older template that is wanted again becomes the newest revision. Whether something was written.
    fn renumber(&self, current: &Object) -> bool {
        let newest = self.newest_revision();
        let mut number = revision(&current.value);
        let mut wrote = false;
        if number < newest {
            number = newest + 1;
            let patch = json!({"metadata": {"annotations": {REVISION: number.to_string()}}});
            wrote = self.look.merge(current, patch).is_ok();
        }
        self.annotate(&number.to_string()) || wrote
    }

    fn annotate(&self, number: &str) -> bool {
        if self.deployment.value["metadata"]["annotations"][REVISION] == number {
            return false;
        }
        let patch = json!({"metadata": {"annotations": {REVISION: number}}});
        self.look.merge(self.deployment, patch).is_ok()
    }

    fn set_replicas(&self, set: &Object, count: i64) {
        let mut value = Value::clone(&set.value);
        value["spec"]["replicas"] = count.max(0).into();
        self.look.write(set, &value, "");
    }

    /// Without a rollout, whatever runs most is what is scaled.
    fn scale_paused(&self) {
        let total: i64 = self.sets.iter().map(|set| replicas(set)).sum();
        let largest = self.sets.iter().max_by_key(|set| (replicas(set), revision(&set.value)));
        let current = self.current();
        if let Some(set) = largest.filter(|set| replicas(set) > 0).or(current.as_ref())
            && total != self.wanted()
        {
            self.set_replicas(set, replicas(set) + self.wanted() - total);
        }
    }

    fn roll(&self, current: &Arc<Object>) {
        let wanted = self.wanted();
        let rolling = &self.spec()["strategy"]["rollingUpdate"];
        let recreate = self.spec()["strategy"]["type"] == "Recreate";
        let old: Vec<_> = self.sets.iter().filter(|set| set.uid() != current.uid() && replicas(set) > 0).collect();
        if recreate {
            old.iter().for_each(|set| self.set_replicas(set, 0));
            let pods = self.look.owned(self.deployment, "", "pods").len();
            if old.is_empty() && pods == 0 && replicas(current) != wanted {
                self.set_replicas(current, wanted);
            }
            return;
        }
        let surge = share(&rolling["maxSurge"], wanted, true);
        let mut unavailable = share(&rolling["maxUnavailable"], wanted, false);
        if surge == 0 && unavailable == 0 {
            unavailable = 1;
        }
        let total: i64 = self.sets.iter().map(|set| replicas(set)).sum();
        if replicas(current) > wanted {
            return self.set_replicas(current, wanted);
        }
        let room = (wanted + surge - total).min(wanted - replicas(current));
        if room > 0 {
            return self.set_replicas(current, replicas(current) + room);
        }
        let new_not_ready = replicas(current) - available(current);
        let mut may_go = total - (wanted - unavailable) - new_not_ready;
        // Old pods that serve nobody go first.
        for set in &old {
            let broken = (replicas(set) - available(set)).min(may_go);
            if broken > 0 {
                return self.set_replicas(set, replicas(set) - broken);
            }
        }
        let ready: i64 = self.sets.iter().map(|set| available(set)).sum();
        may_go = may_go.min(ready - (wanted - unavailable));
        for set in old {
            let less = replicas(set).min(may_go.max(0));
            may_go -= less;
            if less > 0 {
                self.set_replicas(set, replicas(set) - less);
            }
        }
    }

    fn report(&self) {
        let Some(deployment) = self.fresh() else { return };
        let sum = |of: fn(&Object) -> i64| -> i64 { self.sets.iter().map(|set| of(set)).sum() };
        let made = |set: &Object| set.value["status"]["replicas"].as_i64().unwrap_or(0);
        let updated = self.current().map_or(0, |set| made(&set));
        let (total, ready) = (sum(made), sum(available));
        let mut status = json!({"observedGeneration": deployment.value["metadata"]["generation"],
            "conditions": deployment.value["status"]["conditions"]});
        for (field, count) in [
            ("replicas", total),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
            ("unavailableReplicas", (self.wanted() - ready).max(0)),
        ] {
            if count > 0 {
                status[field] = count.into();
            }
        }
        let done = updated == self.wanted() && total == updated && ready == updated;
        self.conditions(&mut status, done);
        self.look.report(&deployment, status);
    }

    /// The Deployment as it is after what this look wrote to it.
    fn fresh(&self) -> Option<Arc<Object>> {
        let key = self.deployment.key();
        let found = self.look.server.look_at("apps", "deployments", &key.namespace, &key.name);
        found.filter(|found| found.uid() == self.deployment.uid())
    }

    fn conditions(&self, status: &mut Value, done: bool) {
        let now = self.look.seconds();
        let ready = status["availableReplicas"].as_i64().unwrap_or(0);
        let unavailable = share(&self.spec()["strategy"]["rollingUpdate"]["maxUnavailable"], self.wanted(), false);
        let (holds, reason) = if ready >= self.wanted() - unavailable {
            ("True", "MinimumReplicasAvailable")
        } else {
            ("False", "MinimumReplicasUnavailable")
        };
        set_condition(status, "Available", holds, reason, reason, &now);
        let known = condition(&self.deployment.value, "Progressing").clone();
        let before = known["reason"].as_str().unwrap_or_default();
        let name = &self.deployment.key().name;
        if self.is_paused() {
            if before != "ProgressDeadlineExceeded" {
                set_condition(status, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", &now);
            }
        } else if done {
            let message = format!("ReplicaSet of \"{name}\" has successfully progressed.");
            set_condition(status, "Progressing", "True", "NewReplicaSetAvailable", &message, &now);
        } else if before == "DeploymentPaused" {
            set_condition(status, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", &now);
        } else {
            self.progress(status, &known, &now);
        }
    }

    /// Whether the rollout goes on, or has not for too long.
    fn progress(&self, status: &mut Value, known: &Value, now: &str) {
        let before = &self.deployment.value["status"];
        let counts = |status: &Value| {
            ["updatedReplicas", "readyReplicas", "availableReplicas"].map(|f| status[f].as_i64().unwrap_or(0))
        };
        let name = &self.deployment.key().name;
        let moved = counts(before) != counts(status) || known["reason"] == "NewReplicaSetAvailable";
        let begun = matches!(known["reason"].as_str(), Some("ReplicaSetUpdated" | "ProgressDeadlineExceeded"));
        if moved || !begun {
            let message = format!("ReplicaSet of \"{name}\" is progressing.");
            set_condition(status, "Progressing", "True", "ReplicaSetUpdated", &message, now);
            if moved && let Some(list) = status["conditions"].as_array_mut() {
                list.iter_mut().filter(|c| c["type"] == "Progressing").for_each(|c| c["lastUpdateTime"] = now.into());
            }
        }
        let since = condition(&json!({"status": status.clone()}), "Progressing")["lastUpdateTime"].clone();
        let since = since.as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok()).unwrap_or(self.look.now);
        let deadline = self.spec()["progressDeadlineSeconds"].as_i64().unwrap_or(600);
        let late = since.saturating_add(jiff::SignedDuration::from_secs(deadline)).unwrap_or(since);
        if self.look.now >= late {
            let message = format!("ReplicaSet of \"{name}\" has timed out progressing.");
            set_condition(status, "Progressing", "False", "ProgressDeadlineExceeded", &message, now);
        } else {
            self.look.again_at(late);
        }
    }
}
