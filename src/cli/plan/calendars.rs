//! The calendars among the documents, for the windows that name them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::Document;
use crate::cluster::ObjectKey;
use crate::cluster::config_maps::{CalendarName, ConfigMap, decode};
use crate::controllers::calendars::{Newest, Shelf};

/// The ConfigMaps among the documents.
#[derive(Default)]
pub struct Files(BTreeMap<ObjectKey, Arc<ConfigMap>>);

impl Files {
    pub fn of(documents: &[Document]) -> Self {
        let maps = documents.iter().filter(|document| document.value["kind"] == "ConfigMap");
        let found = maps.filter_map(|document| {
            let mut value = document.value.clone();
            if value["metadata"]["namespace"].is_null() {
                value["metadata"]["namespace"] = "default".into();
            }
            decode(&value.to_string()).ok()
        });
        Self(found.map(|map| (map.meta.key.clone(), Arc::new(map))).collect())
    }

    pub fn has(&self, config_map: &ObjectKey) -> bool {
        self.0.contains_key(config_map)
    }
}

impl Shelf for Files {
    fn newest(&self, config_map: &ObjectKey) -> Newest {
        self.0.get(config_map).cloned().map_or(Newest::Unread, Newest::Found)
    }

    fn copy(&self, _: &CalendarName) -> Option<Arc<ConfigMap>> {
        None
    }

    fn copies_are_known(&self) -> bool {
        true
    }
}
