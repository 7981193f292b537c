//! Days of the week with times of day: the form most people write.

use super::civil::{FIRST_WALL, parse_clock};
use super::fault::{CalendarFault, quoted};
use super::length::Length;
use super::rule::{Frequency, Parts};
use super::series::Series;
use super::zone::Zone;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The fields of the form, as written.
pub(crate) struct Weekly<'a> {
    pub days: &'a [String],
    pub from: &'a str,
    pub until: &'a str,
    pub weeks_of_month: &'a [i32],
    pub days_of_month: &'a [i32],
    pub months: &'a [String],
}

impl Weekly<'_> {
    /// The series, or every fault, with paths relative to the entry's `weekly`.
    pub fn compile(&self, zone: &Zone) -> Result<Series, Vec<CalendarFault>> {
        let mut faults = Vec::new();
        let mut parts = Parts::every(Frequency::Monthly);
        if self.days.is_empty() {
            faults.push(CalendarFault::new("days", "no day is named: write for example [Mon-Fri]"));
        }
        let weekdays = named(self.days, "days", &DAYS, &mut faults);
        let months = named(self.months, "months", &MONTHS, &mut faults);
        parts.months = months << 1;
        parts.month_days = counted(self.days_of_month, "daysOfMonth", 31, &mut faults);
        let weeks = counted(self.weeks_of_month, "weeksOfMonth", 5, &mut faults);
        if weeks.is_empty() {
            parts.weekdays = weekdays as u8;
        } else {
            let chosen = (0..7u8).filter(|day| weekdays & (1 << day) != 0);
            parts.nth_weekdays = chosen.flat_map(|day| weeks.iter().map(move |week| (*week, day))).collect();
        }
        match parse_clock(self.from) {
            Some(from) => parts.times = vec![from],
            None => {
                let message = format!("{} is not a time of day: write HH:MM from 00:00 to 23:59", quoted(self.from));
                faults.push(CalendarFault::new("from", message));
            }
        }
        // The end of the day is the next midnight.
        let until = if self.until == "24:00" { "00:00" } else { self.until };
        let length = Length::clock(until).map_err(|fault| faults.push(fault.under("until")));
        match (length, faults.is_empty()) {
            (Ok(length), true) => {
                Series::repeating(zone.clone(), parts, FIRST_WALL, length).map_err(|fault| vec![fault])
            }
            _ => Err(faults),
        }
    }
}

/// A mask of the named values and ranges; a range may pass the end, as `Sat-Mon` does.
fn named(items: &[String], field: &str, names: &[&str], faults: &mut Vec<CalendarFault>) -> u16 {
    let index = |name: &str| names.iter().position(|known| known.eq_ignore_ascii_case(name));
    let mut mask = 0;
    for (place, item) in items.iter().enumerate() {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        match (index(first), index(last)) {
            (Some(first), Some(last)) => {
                let count = (last + names.len() - first) % names.len();
                for step in 0..=count {
                    mask |= 1 << ((first + step) % names.len());
                }
            }
            _ => {
                let (one, end) = (names[0], names[names.len() - 1]);
                let message = format!(
                    "{} is not known: write {one} to {end}, or a range such as {one}-{}",
                    quoted(item),
                    names[3]
                );
                faults.push(CalendarFault::new(format!("{field}[{place}]"), message));
            }
        }
    }
    mask
}

fn counted(items: &[i32], field: &str, largest: i32, faults: &mut Vec<CalendarFault>) -> Vec<i8> {
    let mut counted = Vec::new();
    for (place, item) in items.iter().enumerate() {
        match i8::try_from(*item) {
            Ok(number) if *item != 0 && item.abs() <= largest => counted.push(number),
            _ => {
                let message =
                    format!("{item} must be from 1 to {largest}, or from -{largest} to -1 counted from the end");
                faults.push(CalendarFault::new(format!("{field}[{place}]"), message));
            }
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::super::{Form, Window, WindowSpec, WindowType};
    use chrono::{DateTime, Datelike, TimeDelta, Utc};

    fn compiled(days: &str, weeks: Vec<i32>, days_of_month: Vec<i32>, months: &[&str]) -> Result<Window, Vec<String>> {
        let form = Form::Weekly {
            days: days.split(',').map(str::to_owned).collect(),
            from: "09:00".into(),
            until: "10:00".into(),
            weeks_of_month: weeks,
            days_of_month,
            months: months.iter().map(|month| (*month).to_owned()).collect(),
        };
        let spec = WindowSpec::new(WindowType::Allow, "UTC").entry("it", form);
        Window::compile(&spec).map_err(|faults| faults.into_iter().map(|fault| fault.to_string()).collect())
    }

    #[test]
    fn days_and_months_are_named_one_by_one_and_by_ranges_that_may_pass_the_end() {
        let monday: DateTime<Utc> = "2027-01-04T09:00:00Z".parse().unwrap();
        let cases = [
            ("Mon", vec![0]),
            ("sun,tue", vec![1, 6]),
            ("Mon-Fri", vec![0, 1, 2, 3, 4]),
            ("Mon-Wed,Tue-Thu", vec![0, 1, 2, 3]),
            ("Sat-Mon", vec![0, 5, 6]),
            ("Thu-Wed", vec![0, 1, 2, 3, 4, 5, 6]),
        ];
        for (days, open) in cases {
            let window = compiled(days, vec![], vec![], &[]).expect(days);
            let found = (0..7).filter(|day| window.covers(monday + TimeDelta::days(*day)));
            assert_eq!(found.collect::<Vec<_>>(), open, "{days}");
        }
        let window = compiled("Mon-Sun", vec![], vec![1, -1], &["Jul", "Nov-Feb"]).expect("a window");
        let year = (0..365).map(|day| monday + TimeDelta::days(day)).filter(|day| window.covers(*day));
        let found: Vec<(u32, u32)> = year.map(|day| (day.month(), day.day())).collect();
        let months = [(1, 31), (2, 1), (2, 28), (7, 1), (7, 31), (11, 1), (11, 30), (12, 1), (12, 31), (1, 1)];
        assert_eq!(found, months);
    }

    #[test]
    fn weeks_and_days_of_the_month_are_counted_from_1_and_from_the_end_as_far_as_a_month_reaches() {
        for (largest, field) in [(5, "weeksOfMonth"), (31, "daysOfMonth")] {
            let counted = |number| match field {
                "weeksOfMonth" => compiled("Mon", vec![number], vec![], &[]),
                _ => compiled("Mon", vec![], vec![number], &[]),
            };
            for number in [1, largest, -1, -largest] {
                assert!(counted(number).is_ok(), "{field}: {number}");
            }
            for number in [0, largest + 1, -largest - 1, 200] {
                let faults = counted(number).expect_err("not counted");
                assert!(faults[0].contains(&format!("weekly.{field}[0]")), "{faults:?}");
            }
        }
    }
}
