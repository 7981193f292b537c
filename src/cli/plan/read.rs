//! What is to be planned: files, folders, or standard input, in a stable order.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::cli::Failure;

/// No set of manifests is larger, and what is larger is not read into memory.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// A file as text, by the name it is called in messages.
pub struct Source {
    pub name: String,
    pub text: String,
}

/// Everything that the arguments name: `-` is standard input, a folder means the manifests in it and below.
///
/// # Errors
///
/// The file or folder that cannot be read, or is no text, or is too large.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            all.push(Source { name: "stdin".to_owned(), text: text("stdin", std::io::stdin().lock())? });
            continue;
        }
        let files = if path.is_dir() { below(path)? } else { vec![path.clone()] };
        if files.is_empty() {
            let what = format!("{}: no .yaml, .yml or .json file in it", path.display());
            return Err(Failure::unreachable(what, "name a folder with manifests, or a file"));
        }
        for file in files {
            let name = file.display().to_string();
            let open = std::fs::File::open(&file).map_err(|e| unreadable(&name, &e))?;
            all.push(Source { text: text(&name, open)?, name });
        }
    }
    Ok(all)
}

fn unreadable(name: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure::unreachable(format!("{name}: {why}"), "name files that exist and that you may read")
}

/// The manifests in a folder and below, sorted by path; links to folders are not followed.
fn below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let name = folder.display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| unreadable(&name, &e))? {
        let entry = entry.map_err(|e| unreadable(&name, &e))?;
        let kind = entry.file_type().map_err(|e| unreadable(&name, &e))?;
        let path = entry.path();
        if kind.is_dir() {
            found.extend(below(&path)?);
        } else if is_manifest(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is one of manifests, by its name. A folder of GitOps has files that only kustomize understands.
pub fn is_manifest(path: &Path) -> bool {
    let kustomization = path.file_stem().is_some_and(|stem| stem == "kustomization");
    path.extension().is_some_and(|x| x == "yaml" || x == "yml" || x == "json") && !kustomization
}

fn text(name: &str, from: impl Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|e| unreadable(name, &e))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::unreachable(format!("{name}: larger than 16 MiB"), "name manifests"));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Failure::unreachable(format!("{name}: is no text (byte {at} is not UTF-8)"), "name manifests in YAML or JSON")
    })
}
