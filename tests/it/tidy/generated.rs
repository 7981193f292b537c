//! What is generated is what the code generates. `UPDATE_GOLDEN=1` writes it again.

use std::process::Command;

use super::top;

#[test]
fn the_definitions_are_what_the_code_generates() {
    for (file, _) in rollcall::api::crds::crds() {
        let fresh = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("crds");
        let to = if std::env::var_os("UPDATE_GOLDEN").is_some() { top().join("crds") } else { fresh };
        let done = Command::new(env!("CARGO_BIN_EXE_rollcall")).args(["crds", "--out"]).arg(&to).status();
        assert!(done.expect("the binary runs").success());
        let read = |folder: std::path::PathBuf| std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
        assert!(read(top().join("crds")) == read(to), "crds/{file} is out of date: UPDATE_GOLDEN=1 writes it again");
    }
}
