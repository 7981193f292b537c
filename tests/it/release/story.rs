//! The pieces of acceptance S1, and how its history is judged.

use serde_json::Value;

use crate::support::recorder::{Version, let_go};
use crate::support::{blocker_codes, judge, shop};

pub use crate::support::shop::{complete_digest, old_version_runs};

/// How many signatures a release says that it lacks.
pub fn signatures_missing(release: &Value) -> usize {
    blocker_codes(release).iter().filter(|c| *c == "RC051").count()
}

/// Judges a whole history, not the operator's account of it.
pub fn judge(history: &[Version], version: &str) {
    if let Err(wrong) = judge::judge(history, version) {
        panic!("{wrong}");
    }
    granted_first(history, version);
}

/// Before a workload went, a grant for exactly this object was on record in the release.
fn granted_first(history: &[Version], version: &str) {
    for (step, _, kind, name) in shop::STEPS {
        let gone: Vec<_> = let_go(history, kind, name).into_iter().filter(|g| g.tag == version).collect();
        assert_eq!(gone.len(), 1, "{name} {version} was let go once: {gone:?}");
        let granted = history.iter().any(|v| {
            let steps = v.object["status"]["steps"].as_array();
            v.kind == "CoordinatedRelease"
                && v.at < gone[0].at
                && steps
                    .into_iter()
                    .flatten()
                    .any(|s| s["name"] == step && s["grant"]["workloadUid"] == gone[0].uid.as_str())
        });
        assert!(granted, "{name} went without a grant on record");
    }
}
