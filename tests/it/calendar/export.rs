//! What is written as iCalendar is read back as the same openings.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rollcall::domain::calendar::{Calendar, Exported, Window, Zone, export};

use super::laws::{any_window, instant};

const MONTH: TimeDelta = TimeDelta::days(30);

fn written(window: &Window, from: DateTime<Utc>) -> String {
    let exported = Exported { name: "platform/it", window, sequence: 3 };
    export(&[exported], from, from + MONTH, from)
}

/// Sorted openings as a set.
fn merged(mut openings: Vec<(DateTime<Utc>, DateTime<Utc>)>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    openings.sort();
    let mut set: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for (from, until) in openings {
        match set.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => set.push((from, until)),
        }
    }
    set
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_exported_window_reads_back_as_itself(window in any_window(), from in instant()) {
        let text = written(&window, from);
        prop_assert!(text.lines().all(|line| line.len() <= 75), "no line is longer than 75 octets");
        let calendar = Calendar::parse(&text, &Zone::utc());
        prop_assert!(calendar.is_ok(), "{:?}\n{text}", calendar);
        let until = from + MONTH;
        let read = calendar.unwrap_or_default().instances(from, until);
        let clipped = read.into_iter().map(|(begin, end)| (begin.max(from), end.min(until))).collect();
        let expected = window.merged_openings(from, until);
        let expected: Vec<_> = expected.into_iter().map(|opening| (opening.from, opening.until)).collect();
        prop_assert_eq!(merged(clipped), expected, "{}", text);
    }
}
