//! A window as it is written: the input that [`super::Window::compile`] checks. Texts, not yet judged.

use std::sync::Arc;

use chrono::TimeDelta;

use super::ics::Calendar;
use super::overrun::OnClose;

/// Whether a window opens or closes what it governs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowType {
    /// Closed outside of its openings.
    Allow,
    /// Closed during its openings.
    Freeze,
}

impl WindowType {
    /// The word the resource uses.
    pub fn as_str(self) -> &'static str {
        match self {
            WindowType::Allow => "Allow",
            WindowType::Freeze => "Freeze",
        }
    }
}

/// Everything of a window that decides when it is open. Field names are those of the faults' paths.
#[derive(Debug, Clone)]
pub struct WindowSpec {
    pub window_type: WindowType,
    /// IANA name; faults at `timeZone`.
    pub zone: String,
    /// Shown to whoever waits; may be empty.
    pub reason: String,
    /// At most 32, OR-ed; faults at `schedule[i]`.
    pub entries: Vec<Entry>,
    /// At most 256, the last word inside the window; faults at `exceptions[i]`.
    pub exceptions: Vec<Exception>,
    /// Days and times to leave out; all-day events leave out the openings that start on their days.
    pub holidays: Option<Selected>,
    /// Wall time in the window's zone, or an RFC 3339 instant; included; faults at `validFrom`.
    pub valid_from: Option<String>,
    /// As `valid_from`; excluded; faults at `validUntil`.
    pub valid_until: Option<String>,
    /// A step starts only with this much left of the merged opening.
    pub min_remaining: Option<TimeDelta>,
    /// What is to become of what is under way when it closes.
    pub on_close: OnClose,
    /// How long after the close that still waits; zero or more; faults at `overrunGrace`.
    pub overrun_grace: TimeDelta,
    /// Over how long starts are spread after an opening that frees many; faults at `openingJitter`.
    pub opening_jitter: Option<TimeDelta>,
    /// How much may happen in one opening.
    pub capacity: Capacity,
    /// Whether a Freeze stops rollbacks too. Says nothing for an Allow.
    pub blocks_rollback: bool,
}

impl WindowSpec {
    /// A window without entries, to be filled.
    pub fn new(window_type: WindowType, zone: &str) -> WindowSpec {
        WindowSpec {
            window_type,
            zone: zone.to_owned(),
            reason: String::new(),
            entries: Vec::new(),
            exceptions: Vec::new(),
            holidays: None,
            valid_from: None,
            valid_until: None,
            min_remaining: None,
            on_close: OnClose::Finish,
            overrun_grace: TimeDelta::zero(),
            opening_jitter: None,
            capacity: Capacity::default(),
            blocks_rollback: false,
        }
    }

    /// The same with one more entry.
    pub fn entry(mut self, name: &str, form: Form) -> WindowSpec {
        self.entries.push(Entry { name: name.to_owned(), form });
        self
    }
}

/// How much may happen in one opening of a window; what is absent has no limit. Says nothing for a Freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capacity {
    /// Releases under way at once, at least 1.
    pub releases: Option<usize>,
    /// Starts in one merged opening of the window, at least 1.
    pub starts: Option<usize>,
}

/// One line of a schedule.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Unique in its window.
    pub name: String,
    pub form: Form,
}

/// The exactly one way in which an entry says when it is open.
#[derive(Debug, Clone)]
pub enum Form {
    /// Days of the week with a time of day from and until. `until` not later than `from` is of the next day.
    Weekly {
        /// `Mon` or a range `Mon-Thu`, which may pass Sunday.
        days: Vec<String>,
        /// `HH:MM`, included.
        from: String,
        /// `HH:MM`, excluded; `24:00` is the end of the day.
        until: String,
        /// 1..=5 and -5..=-1: the n-th such weekday of its month; empty for all.
        weeks_of_month: Vec<i32>,
        /// 1..=31 and -31..=-1; empty for all.
        days_of_month: Vec<i32>,
        /// `Jan` or a range `Jan-Nov`, which may pass December; empty for all.
        months: Vec<String>,
    },
    /// Five fields, and how long each start stays open.
    Cron { expression: String, duration: String },
    /// RFC 5545's rule. `start` is a wall time that matches the rule.
    Rrule { start: String, rule: String, duration: String },
    /// One opening between two wall times.
    Dates { from: String, until: String },
    /// The events of a calendar.
    Calendar(Selected),
}

impl Form {
    /// Days of every week, separated by commas.
    pub fn weekly(days: &str, from: &str, until: &str) -> Form {
        Form::Weekly {
            days: days.split(',').map(str::to_owned).collect(),
            from: from.to_owned(),
            until: until.to_owned(),
            weeks_of_month: Vec::new(),
            days_of_month: Vec::new(),
            months: Vec::new(),
        }
    }
}

/// A calendar, and which of its events count.
#[derive(Debug, Clone)]
pub struct Selected {
    pub calendar: Arc<Calendar>,
    /// Events with one of these categories, capital letters apart; empty for all events.
    pub categories: Vec<String>,
}

/// One change to what the schedule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    pub when: ExceptionTime,
    pub effect: Effect,
    /// Shown in faults and closures; may be empty.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExceptionTime {
    /// `YYYY-MM-DD`, a day of the window's zone.
    Date(String),
    /// Two wall times of the window's zone, the second excluded.
    Range { from: String, until: String },
}

/// What an exception does. Where two meet, the later one in the list wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The window has no openings then.
    Skip,
    /// The window has an opening then, holidays or not.
    Add,
}
