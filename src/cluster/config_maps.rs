//! ConfigMaps: of each only the calendars in it are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::objects::{Meta, WireMeta};
use super::{ObjectKey, Projected, ResourceVersion};
use crate::api::names::{CALENDAR_COPY, CALENDAR_READ_AT, CALENDAR_SOURCE, PART_OF};
use crate::digest::digest_of;

/// A value of one ConfigMap: what a window names as a calendar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalendarName {
    pub config_map: ObjectKey,
    pub key: String,
}

impl std::fmt::Display for CalendarName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.config_map, self.key)
    }
}

impl CalendarName {
    /// What the operator's copy of it is called.
    #[must_use]
    pub fn copy_name(&self) -> String {
        let digest = digest_of(&json!([&*self.config_map.namespace, &*self.config_map.name, self.key]));
        format!("rollcall-calendar-{}", &digest.trim_start_matches("sha256:")[..32])
    }
}

/// What is kept of one version of a ConfigMap.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigMap {
    pub meta: Meta,
    /// The values that begin as an iCalendar does, by key.
    pub calendars: BTreeMap<String, Arc<str>>,
    /// The keys of all other values. What they say is none of our business, and is not kept.
    pub others: BTreeSet<String>,
    /// Of a copy: the calendar it was made of, `namespace/name/key`, and when that was read.
    pub copy_of: Option<String>,
    pub read_at: Option<String>,
}

impl Projected for ConfigMap {
    fn key(&self) -> &ObjectKey {
        &self.meta.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.meta.version
    }
}

/// The key under which a copy has its text.
const COPY_KEY: &str = "calendar.ics";

impl ConfigMap {
    /// The text of a copy, if this is one of that calendar.
    #[must_use]
    pub fn copied(&self, name: &CalendarName) -> Option<&Arc<str>> {
        self.calendars.get(COPY_KEY).filter(|_| self.copy_of.as_deref() == Some(&*name.to_string()))
    }
}

/// Reads a ConfigMap.
///
/// # Errors
///
/// What is wrong with it, in serde's words.
pub fn decode(text: &str) -> Result<ConfigMap, String> {
    #[derive(Deserialize)]
    struct Object {
        metadata: WireMeta,
        #[serde(default)]
        data: Option<BTreeMap<String, String>>,
    }
    let object: Object = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let (calendars, others): (Vec<_>, Vec<_>) =
        object.data.unwrap_or_default().into_iter().partition(|(_, value)| begins_as_calendar(value));
    let note = |name: &str| object.metadata.annotations.get(name).cloned();
    Ok(ConfigMap {
        calendars: calendars.into_iter().map(|(key, text)| (key, text.into())).collect(),
        others: others.into_iter().map(|(key, _)| key).collect(),
        copy_of: note(CALENDAR_SOURCE),
        read_at: note(CALENDAR_READ_AT),
        meta: object.metadata.kept(),
    })
}

/// Whether a text may be a calendar. What does not even begin as one is somebody's configuration: nobody who
/// may write a window may learn from our messages what it says.
#[must_use]
pub fn begins_as_calendar(text: &str) -> bool {
    const BEGIN: &str = "BEGIN:VCALENDAR";
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.get(..BEGIN.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(BEGIN))
}

/// The operator's own copy of a calendar, to be applied in its namespace.
#[must_use]
pub fn copy(name: &CalendarName, namespace: &str, text: &str, read_at: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name.copy_name(),
            "namespace": namespace,
            "labels": {CALENDAR_COPY: "true", PART_OF.0: PART_OF.1},
            "annotations": {CALENDAR_SOURCE: name.to_string(), CALENDAR_READ_AT: read_at},
        },
        "data": {COPY_KEY: text},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(key: &str) -> CalendarName {
        CalendarName { config_map: ObjectKey::new("shop", "releases"), key: key.to_owned() }
    }

    #[test]
    fn only_calendars_are_kept_of_a_config_map() {
        let text = json!({"metadata": {"namespace": "shop", "name": "releases", "resourceVersion": "7"},
            "data": {"team.ics": "\u{feff}begin:vcalendar\n", "password": "hunter2"}});
        let found = decode(&text.to_string()).expect("a ConfigMap");
        assert_eq!(found.calendars.keys().collect::<Vec<_>>(), ["team.ics"]);
        assert!(found.others.contains("password") && !format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn a_config_map_without_data_is_one_without_calendars() {
        let found = decode(r#"{"metadata": {"name": "releases"}, "binaryData": {"a": "AA=="}}"#).expect("a ConfigMap");
        assert!(found.calendars.is_empty() && found.others.is_empty());
    }

    #[test]
    fn a_copy_is_read_back_as_the_copy_of_that_calendar_and_of_no_other() {
        let copy = copy(&name("a.ics"), "rollcall-system", "BEGIN:VCALENDAR\n", "2027-01-04T09:00:00Z");
        let found = decode(&copy.to_string()).expect("a ConfigMap");
        assert_eq!(found.copied(&name("a.ics")).map(|text| &**text), Some("BEGIN:VCALENDAR\n"));
        assert_eq!(found.copied(&name("b.ics")), None);
        assert_ne!(name("a.ics").copy_name(), name("b.ics").copy_name());
        assert!(found.meta.key.name.len() <= 63);
    }
}
