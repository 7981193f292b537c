//! The cluster-wide stop: while a ConfigMap of a certain name exists in the operator's namespace, nothing is let go
//! or rolled back. It is watched alone, by its name, so that it acts at once and ends at once; and it is read anew
//! before anything is let go, so that it does not depend on the watch.

use serde_json::Value;

use super::world::World;
use crate::api::conditions::cut;
use crate::api::names::STOP;
use crate::cluster::watch::{WatchConfig, WatchEvent};
use crate::cluster::writes::CONFIG_MAPS;
use crate::cluster::{ObjectKey, Projected, ResourceVersion};

/// How the watch is called.
pub const WATCH: &str = "stop";

/// What is kept of it.
#[derive(Clone, Debug)]
pub struct Stop {
    key: ObjectKey,
    version: ResourceVersion,
    reason: String,
}

impl Projected for Stop {
    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.version
    }
}

/// Watches that one object.
pub fn watched(namespace: &str) -> WatchConfig {
    let all = WatchConfig::new(CONFIG_MAPS.group, CONFIG_MAPS.version, CONFIG_MAPS.plural);
    WatchConfig { namespace: Some(namespace.to_owned()), ..all }.fields(format!("metadata.name={STOP}"))
}

/// Reads it.
///
/// # Errors
///
/// When it is no object of the API server's.
pub fn decode(text: &str) -> Result<Stop, String> {
    let object: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let meta = |field: &str| object["metadata"][field].as_str().ok_or_else(|| format!("no metadata.{field}"));
    Ok(Stop {
        key: ObjectKey::new(meta("namespace")?, meta("name")?),
        version: ResourceVersion::new(meta("resourceVersion")?),
        reason: reason_in(text),
    })
}

/// Why everything is stopped, as the text of the ConfigMap says under the key `reason`; empty if it does not say.
#[must_use]
pub fn reason_in(text: &str) -> String {
    let object: Value = serde_json::from_str(text).unwrap_or_default();
    cut(object["data"]["reason"].as_str().unwrap_or_default(), 256)
}

/// Takes in what the watch has seen, and wakes everybody if it is news.
pub fn seen(world: &World, event: WatchEvent<Stop>) {
    let store = &world.stores.stop;
    let listed = matches!(event, WatchEvent::ListFinished(_));
    let changed = !store.apply(event).is_empty();
    if !changed && !listed {
        return;
    }
    let key = ObjectKey::new(world.settings.namespace.as_str(), STOP);
    // What cannot be read is there all the same.
    let unreadable = || store.undecodable(&key).map(|_| String::new());
    let reason = store.get(&key).map(|stop| stop.reason.clone()).or_else(unreadable);
    if world.stop_seen(reason.clone()) {
        match reason {
            Some(reason) => tracing::warn!(event = "stopped", reason, "nothing is let go or rolled back any more"),
            None => tracing::info!(event = "stop_ended", "everything goes on"),
        }
        world.everything_changed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_without_a_reason_is_one_all_the_same() {
        let text = r#"{"metadata": {"namespace": "ops", "name": "rollcall-stop", "resourceVersion": "7"}}"#;
        let stop = decode(text).expect("a stop");
        assert_eq!((stop.reason.as_str(), stop.key.to_string().as_str()), ("", "ops/rollcall-stop"));
        let with_reason = text.replace("}}", r#"}, "data": {"reason": "INC-1"}}"#);
        assert_eq!(decode(&with_reason).expect("a stop").reason, "INC-1");
        assert!(decode("{}").is_err());
    }
}
