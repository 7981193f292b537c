//! The samples that the documentation shows: each is accepted, and together they make sense.

use std::path::PathBuf;

use super::{api, offline::plan};
use crate::support::Done;

/// In the order in which the README tells to apply them.
const ORDER: [&str; 7] = [
    "namespaces.yaml",
    "rights.yaml",
    "teams.yaml",
    "window-allow.yaml",
    "window-freeze.yaml",
    "release.yaml",
    "workloads.yaml",
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/samples")
}

/// All samples, the known ones first and in their order.
fn samples() -> Done<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder())?.collect::<Result<Vec<_>, _>>()?;
    let mut all: Vec<PathBuf> = entries
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|x| x == "yaml"))
        .filter(|path| path.file_name().is_some_and(|name| name != "kustomization.yaml"))
        .collect();
    let place = |path: &PathBuf| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len())
    };
    all.sort_by_key(|path| (place(path), path.clone()));
    Ok(all)
}

#[tokio::test]
async fn every_sample_is_accepted_by_the_api_server() -> Done {
    let all = samples()?;
    assert!(!all.is_empty(), "config/samples is empty");
    let (plane, _) = api().await?;
    let admin = plane.admin()?;
    // The operator's own namespace comes with the installation. A dry run creates nothing, so the others
    // that the samples use must be there before it too.
    let system = "{apiVersion: v1, kind: Namespace, metadata: {name: rollcall-system}}";
    plane.kubectl(&admin).args(["apply", "--server-side", "-f", "-"]).stdin(system).run().await?.success()?;
    for path in &all {
        let text = std::fs::read_to_string(path)?;
        let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(&text)?;
        for object in documents.iter().filter(|o| o["kind"] == "Namespace") {
            let create = plane.kubectl(&admin).args(["apply", "--server-side", "-f", "-"]);
            create.stdin(object.to_string()).run().await?.success()?;
        }
    }
    for path in &all {
        let apply =
            plane.kubectl(&admin).args(["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f"]);
        let out = apply.args([path.display().to_string()]).run().await?;
        assert!(out.status.success(), "{}: {}", path.display(), out.stderr);
    }
    Ok(())
}

#[test]
fn the_samples_together_have_neither_fault_nor_conflict_nor_open_question() -> Done {
    let (code, said) = plan(&["-f", &folder().display().to_string()])?;
    assert_eq!(code, 0, "{said:#}");
    for kind in ["faults", "conflicts", "notes"] {
        assert_eq!(said[kind], serde_json::json!([]), "{kind}");
    }
    assert!(said["releases"].as_array().is_some_and(|all| !all.is_empty()), "{said:#}");
    Ok(())
}
