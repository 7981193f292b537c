//! Everything that a window can be asked, and what must be true of each answer.

use super::calendar::{Form, Governance, Governing, Window, WindowSpec, WindowType};
use chrono::{DateTime, TimeDelta, Utc};

/// The ends of time, a change of the clock, and an ordinary day.
const MOMENTS: [i64; 4] = [-62_135_596_800, 1_804_993_200, 1_799_100_000, 253_402_300_799];

/// Compiles a window of one entry and, if it makes sense, asks it everything.
pub fn window(zone: &str, form: Form) {
    let spec = WindowSpec::new(WindowType::Freeze, zone).entry("it", form);
    if let Ok(window) = Window::compile(&spec) {
        ask(window);
    }
}

/// Asks a window everything, and holds it to what must be true of every answer.
pub fn ask(window: Window) {
    for seconds in MOMENTS {
        let now = instant(seconds);
        let until = now + TimeDelta::days(40);
        let merged = window.merged_openings(now, until);
        assert!(merged.windows(2).all(|two| two[0].until < two[1].from), "sorted, disjoint and apart");
        assert!(merged.iter().all(|one| one.from < one.until && one.from >= now && one.until <= until), "inside");
        let first = merged.first().is_some_and(|one| one.from == now);
        assert_eq!(window.covers(now), first, "a window covers what its openings hold");
        assert_eq!(window.entry_at(now).is_some(), first, "and an entry of it does");
    }
    // What searches far costs more, so it is asked once.
    let now = instant(MOMENTS[1]);
    assert_eq!(window.open_since(now).is_some(), window.covers(now), "what is open has been so since an instant");
    if let Some(change) = window.next_change(now) {
        assert!(change > now, "what changes next lies ahead");
    }
    let _ = (window.upcoming(now, 3), window.lint(now));
    let governing = Governing::Sound(std::sync::Arc::new(window));
    let governance = Governance { tiers: [vec![("a/b".to_owned(), governing)], Vec::new(), Vec::new()] };
    let verdict = governance.at(now);
    assert_eq!(verdict.open, verdict.closed_by.is_empty(), "whoever is closed is told by whom");
    let _ = (governance.turn(now, "a", TimeDelta::hours(1)), governance.overrun(now, now + TimeDelta::days(3)));
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default()
}
