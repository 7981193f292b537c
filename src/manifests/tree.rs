//! The generated folders `config/` and `charts/`, as paths and contents.
//!
//! They are checked in so that they can be read and applied without this program; a test compares them with what
//! this code says, and `UPDATE_GOLDEN=1 cargo test --lib manifests` writes them again.

use serde_json::{Value, json};

use super::{Install, chart, deployment, policies, rbac, to_yaml};
use crate::api::crds::crds;

/// A generated file: its path from the top of the repository, and its content.
pub type File = (String, String);

pub(super) const HEADER: &str = "# Generated from src/manifests; change that instead.\n";

/// All generated files.
#[must_use]
pub fn files() -> Vec<File> {
    let mut all = config();
    all.extend(chart::files());
    all
}

/// For kustomize: one folder per concern, and `config/default` that has them all in the order of installation.
fn config() -> Vec<File> {
    let install = Install::default();
    let mut all = Vec::new();
    all.extend(folder("namespace", &[deployment::namespace(&install)]));
    all.extend(folder("rbac", &rbac(&install)));
    all.extend(folder("policies", &policies(&install)));
    all.extend(folder("manager", &deployment::operator(&install)));
    let parts = ["../../crds", "../namespace", "../rbac", "../policies", "../manager"];
    all.push(kustomization("config/default", &parts));
    let definitions = crds();
    let names: Vec<&str> = definitions.iter().map(|(file, _)| file.as_str()).collect();
    all.push(kustomization("crds", &names));
    all
}

fn folder(name: &str, objects: &[Value]) -> [File; 2] {
    let file = format!("{name}.yaml");
    let kustomization = kustomization(&format!("config/{name}"), &[&file]);
    [(format!("config/{name}/{file}"), format!("{HEADER}{}", to_yaml(objects))), kustomization]
}

/// First in, first out: kustomize would otherwise sort by kind, and put the hold before its guard.
fn kustomization(folder: &str, resources: &[&str]) -> File {
    let object = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "sortOptions": {"order": "fifo"},
        "resources": resources,
    });
    (format!("{folder}/kustomization.yaml"), format!("{HEADER}{}", to_yaml(&[object])))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_checked_in_folders_are_what_this_code_generates() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let update = std::env::var_os("UPDATE_GOLDEN").is_some();
        for (path, content) in files() {
            let file = top.join(&path);
            if update {
                std::fs::create_dir_all(file.parent().expect("a folder")).expect("can make folders");
                std::fs::write(&file, &content).expect("can write");
            }
            let found = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(found == content, "{path} is out of date: run UPDATE_GOLDEN=1 cargo test --lib manifests");
        }
    }

    #[test]
    fn every_generated_object_is_read_back_as_it_was_written() {
        let all = super::super::all(&Install::default());
        let back: Vec<Value> = serde_saphyr::from_multiple(&to_yaml(&all)).expect("own output parses");
        assert_eq!(back, all);
    }

    #[test]
    fn names_are_unique_and_every_object_says_that_it_is_part_of_rollcall() {
        let mut seen = std::collections::BTreeSet::new();
        for object in super::super::all(&Install { network_policy: true, ..Install::default() }) {
            assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/part-of"], "rollcall", "{object}");
            assert!(seen.insert(format!("{} {}", object["kind"], object["metadata"]["name"])), "{object}");
        }
    }
}
