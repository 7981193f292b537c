//! A recurrence rule, as it stands in `spec.schedule[].rrule.rule`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_fuzz::alone::calendar::{Form, Recurrence};

fuzz_target!(|rule: &str| {
    let form = Form::Rrule { start: "2007-01-01T02:30:00".into(), rule: rule.into(), duration: "90m".into() };
    rollcall_fuzz::alone::ask::window("America/New_York", form);
    let recurrence =
        Recurrence { zone: "Africa/Cairo", start: "2007-01-01T00:00:00", rule: Some(rule), ..Recurrence::default() };
    if let Ok(occurrences) = recurrence.compile() {
        let starts = occurrences.first(5);
        assert!(starts.windows(2).all(|two| two[0] < two[1]), "in order, and none twice");
        let _ = occurrences.next_start(chrono::DateTime::UNIX_EPOCH);
    }
});
