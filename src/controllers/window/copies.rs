//! The last good copies of calendars, in the operator's own namespace: kept while a window names the calendar.

use std::collections::BTreeSet;

use crate::api::time::to_wire;
use crate::cluster::config_maps::{CalendarName, copy};
use crate::cluster::writes::ApiError;
use crate::controllers::calendars::{CalendarState, Shelf as _, named};
use crate::controllers::world::World;

/// Keeps a copy of each calendar whose newest text is in force, unless there is one that says the same.
///
/// # Errors
///
/// When the API server gives no answer. That it refuses a copy is logged: the window is as good without one.
pub async fn keep(world: &World, calendars: &[(CalendarName, CalendarState)]) -> Result<(), ApiError> {
    for (name, state) in calendars {
        let CalendarState::Fresh(text) = state else {
            continue;
        };
        let known = world.calendars.copy(name);
        if !world.calendars.copies_are_known() || known.is_some_and(|known| known.copied(name) == Some(text)) {
            continue;
        }
        let namespace = &world.settings.namespace;
        let copy = copy(name, namespace, text, &to_wire(world.clock.now()));
        match world.objects.keep_copy(namespace, &copy).await {
            Ok(()) => tracing::info!(event = "calendar_copied", calendar = %name, "kept a copy"),
            Err(error @ ApiError::Unknown { .. }) => return Err(error),
            Err(error) => tracing::warn!(event = "calendar_not_copied", calendar = %name, "{error}"),
        }
    }
    Ok(())
}

/// Drops the copies of calendars that no window names any more.
///
/// # Errors
///
/// When the API server gives no answer.
pub async fn sweep(world: &World) -> Result<(), ApiError> {
    let copies = world.calendars.copies();
    // What a window that cannot be read names is not known.
    if copies.is_empty() || !world.stores.windows.all_undecodable().is_empty() {
        return Ok(());
    }
    let names: BTreeSet<String> =
        world.stores.windows.list().iter().flat_map(|w| named(w)).map(|name| name.copy_name()).collect();
    for copy in copies {
        let name = &*copy.meta.key.name;
        if names.contains(name) {
            continue;
        }
        match world.objects.drop_copy(&world.settings.namespace, name, &copy.meta.uid).await {
            Ok(()) => tracing::info!(event = "calendar_copy_dropped", copy = name, "no window names it any more"),
            Err(error @ ApiError::Unknown { .. }) => return Err(error),
            Err(error) => tracing::warn!(event = "calendar_copy_not_dropped", copy = name, "{error}"),
        }
    }
    Ok(())
}
