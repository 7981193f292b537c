//! Which content ran, for the kinds whose status does not name it: the one that was let go last, or one that was stored
//! before anything held it.

use serde_json::Value;

use super::adapter::{Adapter, set};
use super::annotation_path;
use super::object::Object;
use crate::api::names::{BREAK_GLASS, RUNS};
use crate::cluster::revisions::Revision;

/// Remembers, in the write that lets content go or puts it back, that this digest's runs from now on.
pub(super) fn remember(content: &str) -> Value {
    set(&annotation_path(RUNS), content)
}

fn remembered(object: &Object) -> Option<&str> {
    object.note(RUNS).map(String::as_str)
}

/// Whether the stored content is what was let go last, as far as that is known. Held content that runs all the same was
/// not let go: its pods were made anew, or there were none left for a while.
pub(super) fn may_have_run(object: &Object, adapter: &dyn Adapter) -> bool {
    remembered(object).is_none_or(|content| content == object.digest(adapter))
}

/// Whether a revision went: what was stored while a hold was on, and is not what was let go last, has not. A glass that
/// was broken takes the note of that away: what was stored before it may have gone by it.
pub(super) fn went(object: &Object, revision: &Revision) -> bool {
    let before_the_glass = || object.note(BREAK_GLASS).is_some_and(|ticket| revision.glass.as_ref() != Some(ticket));
    !revision.made_held
        || match remembered(object) {
            Some(content) => revision.digest == content,
            None => before_the_glass(),
        }
}

/// The newest revision that went and is not the stored content. If all others were stored while a hold was on, the newest
/// of them: what was let go before the last one is not known any more. The stored content if it went and there is no other.
pub(super) fn newest<'a>(object: &Object, adapter: &dyn Adapter, revisions: &'a [Revision]) -> Option<&'a Revision> {
    let stored = object.digest(adapter);
    let newest = revisions.iter().max_by_key(|r| (r.digest != stored && went(object, r), r.digest != stored, r.number));
    newest.filter(|r| r.digest != stored || went(object, r))
}
