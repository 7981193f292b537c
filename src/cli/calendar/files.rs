//! Windows and calendars from files.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::api::window::{CalendarRef, DeploymentWindowSpec};
use crate::cli::Failure;
use crate::domain::calendar::{Calendar, Governance, Governing, Window, WindowType, Zone};
use crate::validate;

/// All that the files hold.
pub(super) struct Read {
    /// Sound windows by `namespace/name`, in that order.
    pub windows: Vec<(String, Arc<Window>)>,
    /// What is wrong with the others, by `namespace/name`.
    pub broken: Vec<(String, String)>,
    pub governance: Governance,
    generations: BTreeMap<String, i64>,
}

impl Read {
    pub fn faults(&self) -> impl Iterator<Item = String> {
        self.broken.iter().map(|(name, fault)| format!("{name}: {fault}"))
    }

    /// The object's generation as its file has it, which exported files do.
    pub fn generation(&self, name: &str) -> i64 {
        self.generations.get(name).copied().unwrap_or(0)
    }
}

/// Calendars by namespace, ConfigMap and key.
type Texts = BTreeMap<(String, String, String), String>;

pub(super) fn read(files: &[PathBuf]) -> Result<Read, Failure> {
    let mut documents = Vec::new();
    for file in files {
        let text = text(file)?;
        let found: Vec<Value> = serde_saphyr::from_multiple(&text)
            .map_err(|e| Failure::usage(format!("{}: {e}", file.display()), "the file must be YAML or JSON"))?;
        documents.extend(found.into_iter().flat_map(listed));
    }
    let texts = config_maps(&documents);
    let mut read = Read {
        windows: Vec::new(),
        broken: Vec::new(),
        governance: Governance::default(),
        generations: BTreeMap::new(),
    };
    let mut tiers: BTreeMap<String, Vec<(String, Governing)>> = BTreeMap::new();
    for document in documents.iter().filter(|document| document["kind"] == "DeploymentWindow") {
        let namespace = metadata(document, "namespace");
        let name = format!("{namespace}/{}", metadata(document, "name"));
        read.generations.insert(name.clone(), document["metadata"]["generation"].as_i64().unwrap_or(0));
        let governing = governing(document, &namespace, &texts);
        match &governing {
            Governing::Sound(window) => read.windows.push((name.clone(), window.clone())),
            Governing::Broken { fault, .. } => read.broken.push((name.clone(), fault.clone())),
        }
        tiers.entry(namespace).or_default().push((name, governing));
    }
    if tiers.is_empty() {
        return Err(Failure::usage("the files hold no DeploymentWindow", "name files that do"));
    }
    if tiers.len() > read.governance.tiers.len() {
        let what = format!("the windows are of {} namespaces, and at most three govern one thing", tiers.len());
        return Err(Failure::usage(what, "name fewer files"));
    }
    for (tier, (_, windows)) in read.governance.tiers.iter_mut().zip(tiers) {
        *tier = windows;
    }
    read.windows.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(read)
}

fn text(file: &Path) -> Result<String, Failure> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|e| Failure::unreachable(format!("{}: {e}", file.display()), "name a file that you may read"))
}

/// The items of a list, or the object itself.
fn listed(document: Value) -> Vec<Value> {
    match document {
        Value::Object(mut object)
            if object.get("kind").is_some_and(|kind| kind.as_str().is_some_and(|kind| kind.ends_with("List"))) =>
        {
            match object.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            }
        }
        other => vec![other],
    }
}

fn metadata(document: &Value, field: &str) -> String {
    let default = if field == "namespace" { "default" } else { "" };
    document["metadata"][field].as_str().unwrap_or(default).to_owned()
}

fn config_maps(documents: &[Value]) -> Texts {
    let mut texts = Texts::new();
    for document in documents.iter().filter(|document| document["kind"] == "ConfigMap") {
        for (key, value) in document["data"].as_object().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                let place = (metadata(document, "namespace"), metadata(document, "name"), key.clone());
                texts.insert(place, text.to_owned());
            }
        }
    }
    texts
}

fn governing(document: &Value, namespace: &str, texts: &Texts) -> Governing {
    let freeze = document["spec"]["type"] == "Freeze";
    let broken = |fault: String| Governing::Broken {
        window_type: if freeze { WindowType::Freeze } else { WindowType::Allow },
        fault,
        blocks_rollback: document["spec"]["blocksRollback"] == true,
    };
    let spec: DeploymentWindowSpec = match serde_json::from_value(document["spec"].clone()) {
        Ok(spec) => spec,
        Err(wrong) => return broken(format!("spec: {wrong}")),
    };
    let calendars = |reference: &CalendarRef| calendar(reference, &spec.time_zone, namespace, texts);
    match validate::window(&spec, &calendars) {
        Ok(window) => Governing::Sound(Arc::new(window)),
        Err(faults) => broken(faults.to_string()),
    }
}

fn calendar(reference: &CalendarRef, zone: &str, namespace: &str, texts: &Texts) -> Result<Arc<Calendar>, String> {
    let place = (namespace.to_owned(), reference.config_map.clone(), reference.key.clone());
    let Some(text) = texts.get(&place) else {
        return Err(format!(
            "no file holds the ConfigMap {namespace}/{} with the key {}",
            reference.config_map, reference.key
        ));
    };
    let zone = Zone::named(zone).map_err(|fault| fault.to_string())?;
    let read = Calendar::parse(text, &zone);
    read.map(Arc::new).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}
