//! From what was read to what a decision is made on. It judges nothing: a window that cannot be read
//! becomes a broken window, a team that cannot be read a broken team.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cluster::objects::{self, Window};
use crate::cluster::workloads::{self as wire, HeldBy};
use crate::cluster::{ObjectKey, Undecodable};
use crate::domain::calendar::{Governance, Governing, WindowType};
use crate::domain::names::{ObjectName, WorkloadName};
use crate::domain::scheduling::situation::Request;
use crate::domain::workload::{Hold, Progress, Strength, Workload};
use crate::validate::{self, Meta, matches};

/// The decision's word for a workload.
#[must_use]
pub fn workload(found: &wire::Workload) -> Workload {
    Workload {
        name: WorkloadName {
            kind: validate::kind(found.kind),
            namespace: found.key.namespace.to_string(),
            name: found.key.name.to_string(),
        },
        uid: found.uid.clone(),
        version: found.version.as_str().to_owned(),
        gate: found.gate.clone(),
        hold: match found.hold {
            None => Hold::Free,
            Some(HeldBy::Policy) => Hold::Held,
            Some(HeldBy::Author) => Hold::HeldPausedByAuthor,
        },
        claim: found.claim.as_deref().and_then(|c| c.parse().ok()),
        template: found.template.clone(),
        images: found.images.to_map(),
        annotations: found.annotations.to_map(),
        parts: found.parts.to_string(),
        progress: match &found.progress {
            wire::Progress::NotObserved => Progress::NotObserved,
            wire::Progress::Progressing(note) => Progress::Progressing(note.clone()),
            wire::Progress::Stopped => Progress::PausedByAuthor,
            wire::Progress::Done => Progress::Done,
            wire::Progress::Failed { at, why } => Progress::Failed { at: *at, why: why.clone() },
        },
        released: found.released.as_deref().map(str::to_owned),
        rollback: found.rollback.clone(),
        rolled_back: found.rolled_back.clone(),
        runs_already: found.runs_already,
        strength: match found.strength {
            wire::Strength::Full => Strength::Full,
            wire::Strength::UpdatesOnly => Strength::UpdatesOnly,
            wire::Strength::Interrupting => Strength::Interrupting,
            wire::Strength::BestEffort => Strength::BestEffort,
        },
        owned_elsewhere: found.owned_elsewhere.clone(),
        terminating: found.terminating,
    }
}

/// The name of an object, in the decision's words.
#[must_use]
pub fn name(key: &ObjectKey) -> ObjectName {
    ObjectName::new(&*key.namespace, &*key.name)
}

/// The key of an object, in the stores' words.
#[must_use]
pub fn key(name: &ObjectName) -> ObjectKey {
    ObjectKey::new(name.namespace.as_str(), name.name.as_str())
}

/// The metadata that a check needs.
#[must_use]
pub fn meta(found: &objects::Meta) -> Meta {
    Meta {
        name: name(&found.key),
        uid: found.uid.clone(),
        version: found.version.as_str().to_owned(),
        generation: found.generation,
        created: found.created,
        labels: found.labels.clone(),
        author: found.author.clone(),
        asked_back: found.asked_back.clone().map(|(by, reason)| Request { by, reason }),
    }
}

/// Who asks which windows govern.
pub struct Asking<'a> {
    /// The operator's own namespace.
    pub platform: &'a str,
    /// The namespace of the team, with its labels.
    pub team: &'a str,
    pub team_labels: &'a BTreeMap<String, String>,
    /// The release: its namespace, its labels, and the windows it names. `None` for changes no release claims.
    pub release: Option<(&'a str, &'a BTreeMap<String, String>, &'a [ObjectName])>,
}

/// The windows that govern, in their tiers. `governing` compiles one, with the calendars that it names.
#[must_use]
pub fn governance(
    asking: &Asking<'_>,
    windows: &[Arc<Window>],
    undecodable: &[Undecodable],
    governing: &dyn Fn(&Arc<Window>) -> Governing,
) -> Governance {
    let mut governance = Governance::default();
    for window in windows {
        if let Some(tier) = tier(asking, window) {
            governance.tiers[tier].push((window.meta.key.to_string(), governing(window)));
        }
    }
    for broken in undecodable {
        // Whether it is a Freeze, and whom it selects, cannot be read: it closes all it may govern.
        if let Some(tier) = tier_of_namespace(asking, &broken.key.namespace) {
            governance.tiers[tier].push((broken.key.to_string(), unreadable(broken.message.clone())));
        }
    }
    for named in asking.release.map(|(_, _, named)| named).into_iter().flatten() {
        if !windows.iter().any(|w| name(&w.meta.key) == *named) {
            governance.tiers[2].push((named.to_string(), unreadable("it does not exist".to_owned())));
        }
    }
    governance
}

/// Whether a window may govern anything of a release, or of a team: the calendars of others need not be read.
#[must_use]
pub fn may_govern(window: &Window, platform: &str, namespaces: &[&str], named: &[ObjectName]) -> bool {
    let namespace = &*window.meta.key.namespace;
    namespace == platform || namespaces.contains(&namespace) || named.contains(&name(&window.meta.key))
}

fn unreadable(fault: String) -> Governing {
    Governing::Broken { window_type: WindowType::Freeze, fault, blocks_rollback: false }
}

fn tier_of_namespace(asking: &Asking<'_>, namespace: &str) -> Option<usize> {
    if namespace == asking.platform {
        Some(0)
    } else if namespace == asking.team {
        Some(1)
    } else if asking.release.is_some_and(|(ns, ..)| ns == namespace) {
        Some(2)
    } else {
        None
    }
}

/// In which tier a window governs, if it does: platform, team or release.
#[must_use]
pub fn tier(asking: &Asking<'_>, window: &Window) -> Option<usize> {
    let namespace = &*window.meta.key.namespace;
    if asking.release.is_some_and(|(_, _, named)| named.contains(&name(&window.meta.key))) {
        return Some(2);
    }
    let nobody = BTreeMap::new();
    let labels = asking.release.map_or(&nobody, |(_, labels, _)| labels);
    if window.spec.release_selector.as_ref().is_some_and(|s| !matches(s, labels)) {
        return None;
    }
    let tier = tier_of_namespace(asking, namespace)?;
    if tier > 0 {
        return Some(tier);
    }
    match &window.spec.namespace_selector {
        Some(selector) => matches(selector, asking.team_labels).then_some(0),
        // Without a selector even the operator's namespace governs only itself.
        None if asking.team == asking.platform => Some(1),
        None if asking.release.is_some_and(|(ns, ..)| ns == asking.platform) => Some(2),
        None => None,
    }
}
