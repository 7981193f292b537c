//! Windows as they would be if something about them were otherwise.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::governance::{Governance, Governing};
use super::schedule::{Capacity, Form, WindowSpec, WindowType};
use super::window::Window;

/// Longer than anything that is released takes.
const LONG: TimeDelta = TimeDelta::days(366);

impl Window {
    /// The same window, open from an instant on for as long as anybody needs.
    #[must_use]
    pub fn open_from(&self, from: DateTime<Utc>) -> Self {
        let always = open(from);
        let Self { pieces, changes, holidays, valid, .. } = always;
        Self { pieces, changes, holidays, valid, ..self.clone() }
    }
}

/// An Allow window that is open from an instant on and asks for nothing.
fn open(from: DateTime<Utc>) -> Window {
    let wall = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let dates = Form::Dates { from: wall(from), until: wall(from + LONG) };
    let spec = WindowSpec::new(WindowType::Allow, "UTC").entry("supposed", dates);
    Window::compile(&spec).unwrap_or_else(|_| unreachable!("an instant and a later one make a window"))
}

impl Governance {
    /// An Allow window has just opened: for long enough, with room, and all turns have come. A broken one is mended.
    pub fn suppose_open(&mut self, window: &str, now: DateTime<Utc>) {
        for (_, governing) in self.named(window) {
            *governing = Governing::Sound(Arc::new(open(now)));
        }
    }

    /// A Freeze is not in force, and comes no more.
    pub fn suppose_no_freeze(&mut self, window: &str) {
        for tier in &mut self.tiers {
            tier.retain(|(name, governing)| name != window || governing.window_type() != WindowType::Freeze);
        }
    }

    /// What is open stays open for as long as anybody needs: its windows do not close, and no Freeze comes.
    pub fn suppose_longer(&mut self, now: DateTime<Utc>) {
        for tier in &mut self.tiers {
            tier.retain(|(_, governing)| match governing {
                Governing::Sound(w) => w.window_type() == WindowType::Allow || w.covers(now),
                Governing::Broken { .. } => true,
            });
            for (_, governing) in tier {
                if let Governing::Sound(window) = governing
                    && window.window_type() == WindowType::Allow
                    && let Some(since) = window.open_since(now)
                {
                    *governing = Governing::Sound(Arc::new(window.open_from(since)));
                }
            }
        }
    }

    /// Everybody's turn has come.
    pub fn suppose_every_turn(&mut self) {
        for (_, governing) in self.tiers.iter_mut().flatten() {
            altered(governing, |window| window.opening_jitter = None);
        }
    }

    /// A window has room for one more release, or one more start.
    pub fn suppose_room(&mut self, window: &str, more: impl Fn(&mut Capacity)) {
        for (_, governing) in self.named(window) {
            altered(governing, |window| more(&mut window.capacity));
        }
    }

    fn named<'a>(&'a mut self, window: &'a str) -> impl Iterator<Item = &'a mut (String, Governing)> {
        self.tiers.iter_mut().flatten().filter(move |(name, _)| name == window)
    }
}

fn altered(governing: &mut Governing, change: impl FnOnce(&mut Window)) {
    if let Governing::Sound(window) = governing {
        let mut other = Window::clone(window);
        change(&mut other);
        *governing = Governing::Sound(Arc::new(other));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::ics::Calendar;
    use crate::domain::calendar::schedule::{Effect, Exception, ExceptionTime, Selected};
    use crate::domain::calendar::zone::Zone;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2027-01-12T{time}Z").parse().expect("an instant")
    }

    fn governing(kind: WindowType, from: &str, until: &str) -> Governing {
        let dates = Form::Dates { from: format!("2027-01-12T{from}"), until: format!("2027-01-12T{until}") };
        let spec = WindowSpec::new(kind, "UTC").entry("one", dates);
        Governing::Sound(Arc::new(Window::compile(&spec).expect("a window")))
    }

    #[test]
    fn what_is_supposed_of_a_window_is_so_and_nothing_else_is() {
        let now = at("09:00:00");
        let all = || Governance {
            tiers: [
                vec![
                    ("later".into(), governing(WindowType::Allow, "10:00:00", "11:00:00")),
                    ("never".into(), governing(WindowType::Allow, "07:00:00", "08:00:00")),
                ],
                vec![("frozen".into(), governing(WindowType::Freeze, "08:00:00", "12:00:00"))],
                vec![
                    ("soon".into(), governing(WindowType::Allow, "08:00:00", "09:05:00")),
                    ("next".into(), governing(WindowType::Freeze, "09:03:00", "09:30:00")),
                ],
            ],
        };
        let closers = |g: &Governance| g.at(now).closed_by.into_iter().map(|c| c.window).collect::<Vec<_>>();
        let mut supposed = all();
        assert_eq!(closers(&supposed), ["frozen", "later", "never"]);
        supposed.suppose_longer(now);
        assert_eq!(closers(&supposed), ["frozen", "later", "never"], "what is closed stays closed");
        supposed = all();
        supposed.suppose_open("never", now);
        assert_eq!(closers(&supposed), ["frozen"], "one of a tier is enough");
        supposed.suppose_no_freeze("frozen");
        assert_eq!(supposed.at(now).closes_at, Some(at("09:03:00")), "the freeze to come is another");
        supposed.suppose_longer(now);
        assert!(supposed.at(now).closes_at.is_some_and(|end| end > now + TimeDelta::days(300)));
    }

    #[test]
    fn what_is_supposed_to_be_open_is_so_whatever_its_window_leaves_out() {
        let day = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:day\r\nDTSTART;VALUE=DATE:20270112\r\nSUMMARY:Day\r\n\
            END:VEVENT\r\nEND:VCALENDAR\r\n";
        let calendar = Arc::new(Calendar::parse(day, &Zone::utc()).expect("a calendar"));
        let dates = Form::Dates { from: "2027-01-12T08:00:00".into(), until: "2027-01-12T10:00:00".into() };
        let mut spec = WindowSpec::new(WindowType::Allow, "UTC").entry("one", dates);
        spec.holidays = Some(Selected { calendar, categories: vec![] });
        spec.valid_until = Some("2027-01-12T09:30:00".into());
        let tomorrow = ExceptionTime::Date("2027-01-13".into());
        spec.exceptions.push(Exception { when: tomorrow, effect: Effect::Skip, reason: String::new() });
        let now = at("09:00:00");
        let supposed = Window::compile(&spec).expect("a window").open_from(now);
        assert!(supposed.covers(now));
        assert_eq!(supposed.next_end(now), Some(now + LONG));
    }

    #[test]
    fn only_the_freezes_of_that_name_are_supposed_away() {
        let broken = |window_type| Governing::Broken { window_type, fault: "no zone".into(), blocks_rollback: false };
        let frozen = || governing(WindowType::Freeze, "08:00:00", "12:00:00");
        let allowed = || governing(WindowType::Allow, "10:00:00", "11:00:00");
        let mut supposed = Governance {
            tiers: [
                vec![("one".into(), allowed()), ("one".into(), frozen()), ("other".into(), frozen())],
                vec![("one".into(), broken(WindowType::Freeze)), ("one".into(), broken(WindowType::Allow))],
                vec![("one".into(), broken(WindowType::Freeze)), ("other".into(), broken(WindowType::Freeze))],
            ],
        };
        let left = |supposed: &Governance| {
            let names =
                |(name, governing): &(String, Governing)| format!("{name} {}", governing.window_type().as_str());
            supposed.tiers.iter().flatten().map(names).collect::<Vec<_>>()
        };
        supposed.suppose_no_freeze("one");
        let kept = ["one Allow", "other Freeze", "one Allow", "other Freeze"];
        assert_eq!(left(&supposed), kept);
        supposed.suppose_longer(at("09:00:00"));
        assert_eq!(left(&supposed), kept, "what is in force or cannot be read does not go away by being longer");
        supposed.suppose_longer(at("13:00:00"));
        assert_eq!(left(&supposed), ["one Allow", "one Allow", "other Freeze"]);
    }

    #[test]
    fn turns_come_in_all_windows_and_room_in_one() {
        let limited = || {
            let mut spec = WindowSpec::new(WindowType::Allow, "UTC");
            spec.opening_jitter = Some(TimeDelta::hours(1));
            spec.capacity = Capacity { releases: Some(2), starts: Some(3) };
            Governing::Sound(Arc::new(Window::compile(&spec).expect("a window")))
        };
        let mut supposed = Governance {
            tiers: [
                vec![("one".into(), limited()), ("other".into(), limited())],
                vec![("one".into(), limited())],
                vec![],
            ],
        };
        let seen = |supposed: &Governance| {
            let limits = |(_, governing): &(String, Governing)| match governing {
                Governing::Sound(window) => (window.capacity().releases, window.opening_jitter().is_some()),
                Governing::Broken { .. } => unreachable!("all are sound"),
            };
            supposed.tiers.iter().flatten().map(limits).collect::<Vec<_>>()
        };
        supposed.suppose_room("one", |capacity| capacity.releases = None);
        assert_eq!(seen(&supposed), [(None, true), (Some(2), true), (None, true)]);
        supposed.suppose_every_turn();
        assert_eq!(seen(&supposed), [(None, false), (Some(2), false), (None, false)]);
    }
}
