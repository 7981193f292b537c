//! The command as users run it: arguments in, text and exit code out. `UPDATE_GOLDEN=1` writes the transcripts
//! again; look at what changed.

use std::path::Path;

use crate::support::Done;

mod completion;
mod decisions;
mod holding;
mod hostile;
mod live;
mod plan;
mod schema;
mod server;
mod session;
mod shop;
mod verbs;
mod watching;
mod words;

/// Compares with the transcript of this name.
fn story(name: &str, said: &str) -> Done {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/cli/transcripts/{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, said)?;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(said, expected, "{}: UPDATE_GOLDEN=1 writes it again", path.display());
    Ok(())
}
