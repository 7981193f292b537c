//! An iCalendar file, as a ConfigMap brings it.
#![no_main]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use libfuzzer_sys::fuzz_target;
use rollcall_fuzz::alone::calendar::{Calendar, Form, Selected, Window, WindowSpec, WindowType, Zone};

fuzz_target!(|text: &str| {
    let Ok(calendar) = Calendar::parse(text, &Zone::utc()) else {
        return;
    };
    let from = DateTime::<Utc>::from_timestamp(1_735_689_600, 0).unwrap_or_default();
    let instances = calendar.instances(from, from + TimeDelta::days(400));
    assert!(instances.is_sorted(), "in order");
    let selected = Selected { calendar: Arc::new(calendar), categories: Vec::new() };
    let mut spec = WindowSpec::new(WindowType::Allow, "UTC").entry("it", Form::Calendar(selected.clone()));
    spec.holidays = Some(selected);
    if let Ok(window) = Window::compile(&spec) {
        rollcall_fuzz::alone::ask::ask(window);
    }
});
