//! CustomResourceDefinitions: the kinds that they add.

use std::sync::Arc;

use serde_json::Value;

use crate::kind::{Generation, Kind};
use crate::schema::Schema;

/// The kinds that a definition adds, one for each version that is served.
#[must_use]
pub fn kinds(definition: &Value) -> Vec<Kind> {
    let spec = &definition["spec"];
    let versions = spec["versions"].as_array().into_iter().flatten();
    versions.filter(|version| version["served"] == true).filter_map(|version| kind(spec, version)).collect()
}

fn kind(spec: &Value, version: &Value) -> Option<Kind> {
    let schema = &version["schema"]["openAPIV3Schema"];
    let fields = version["selectableFields"].as_array().into_iter().flatten();
    let path = |field: &Value| Some(field["jsonPath"].as_str()?.trim_start_matches('.').to_owned());
    Some(Kind {
        group: spec["group"].as_str()?.to_owned(),
        version: version["name"].as_str()?.to_owned(),
        kind: spec["names"]["kind"].as_str()?.to_owned(),
        plural: spec["names"]["plural"].as_str()?.to_owned(),
        namespaced: spec["scope"] == "Namespaced",
        status: version["subresources"]["status"].is_object(),
        scale: version["subresources"]["scale"].is_object(),
        unconditional: false,
        create_on_update: false,
        returns_deleted: false,
        generation: Generation::AllButStatus,
        custom: true,
        schema: schema.is_object().then(|| Arc::new(Schema::read(schema))),
        selectable: fields.filter_map(path).collect(),
    })
}
