//! A window as the API server hands it over: the JSON of a `DeploymentWindow`'s spec, which may have been stored
//! before any rule existed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall::api::window::{CalendarRef, DeploymentWindowSpec};
use rollcall::domain::calendar::{Calendar, Zone};

const CALENDAR: &str =
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20270101\nRRULE:FREQ=YEARLY\nEND:VEVENT\nEND:VCALENDAR\n";

fuzz_target!(|text: &str| {
    let Ok(spec) = serde_json::from_str::<DeploymentWindowSpec>(text) else {
        return;
    };
    let calendars = |_: &CalendarRef| {
        Calendar::parse(CALENDAR, &Zone::utc()).map(std::sync::Arc::new).map_err(|_| "no calendar".to_owned())
    };
    match rollcall::validate::window(&spec, &calendars) {
        Ok(window) => rollcall_fuzz::whole::ask::ask(window),
        Err(faults) => {
            assert!(!faults.0.is_empty(), "what is refused is told why");
            assert!(faults.0.iter().all(|fault| fault.path.starts_with("spec")), "and where");
        }
    }
});
