//! From a window as written to a window that can be asked, with every fault at once.

use std::sync::Arc;

use chrono::TimeDelta;

use super::changes::{Change, Holiday};
use super::civil::{DAY, Wall, parse_date, parse_wall};
use super::fault::{CalendarFault, quoted};
use super::length::Length;
use super::recurrence::utc_until;
use super::schedule::{Effect, Entry, Exception, ExceptionTime, Form, Selected, WindowSpec};
use super::series::Series;
use super::spans::Span;
use super::weekly::Weekly;
use super::window::{ALWAYS, Piece, Window};
use super::zone::Zone;
use super::{cron, rrule};

const MOST_ENTRIES: usize = 32;
const MOST_EXCEPTIONS: usize = 256;

impl Window {
    /// What of a window needs no check.
    pub(crate) fn empty(spec: &WindowSpec, zone: Zone) -> Window {
        Window {
            window_type: spec.window_type,
            zone,
            reason: spec.reason.clone(),
            min_remaining: spec.min_remaining,
            on_close: (spec.on_close, spec.overrun_grace),
            opening_jitter: spec.opening_jitter,
            capacity: spec.capacity,
            blocks_rollback: spec.blocks_rollback,
            pieces: Vec::new(),
            changes: Vec::new(),
            holidays: Vec::new(),
            valid: ALWAYS,
        }
    }

    /// Checks and compiles a window.
    ///
    /// # Errors
    ///
    /// Every fault of the text, with its path, never only the first. A start in the past is no fault, nor is a
    /// schedule that never opens: [`Window::lint`] tells of those.
    pub fn compile(spec: &WindowSpec) -> Result<Window, Vec<CalendarFault>> {
        let mut faults = Vec::new();
        let named = Zone::named(&spec.zone).map_err(|fault| faults.push(fault.under("timeZone"))).ok();
        // Without a zone the rest is still checked, so that all faults are reported at once.
        let zone = named.unwrap_or_else(Zone::utc);
        let mut window = Window::empty(spec, zone);
        window.holidays = spec.holidays.as_ref().map(holidays).unwrap_or_default();
        if spec.min_remaining.is_some_and(|remaining| remaining < TimeDelta::zero()) {
            faults.push(CalendarFault::new("minRemaining", "is negative: write a duration such as 45m"));
        }
        if spec.opening_jitter.is_some_and(|jitter| jitter < TimeDelta::zero()) {
            faults.push(CalendarFault::new("openingJitter", "is negative: write a duration such as 5m"));
        }
        if spec.overrun_grace < TimeDelta::zero() {
            faults.push(CalendarFault::new("overrunGrace", "is negative: write a duration such as 15m"));
        }
        compile_entries(&mut window, &spec.entries, &mut faults);
        compile_exceptions(&mut window, &spec.exceptions, &mut faults);
        compile_validity(&mut window, spec, &mut faults);
        if faults.is_empty() { Ok(window) } else { Err(faults) }
    }
}

fn compile_entries(window: &mut Window, entries: &[Entry], faults: &mut Vec<CalendarFault>) {
    if entries.len() > MOST_ENTRIES {
        let message = format!("{} entries, at most {MOST_ENTRIES} are allowed: use several windows", entries.len());
        faults.push(CalendarFault::new("schedule", message));
        return;
    }
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("schedule[{index}]");
        if entries[..index].iter().any(|other| other.name == entry.name) {
            let message = format!("{} names two entries: give each its own name", quoted(&entry.name));
            faults.push(CalendarFault::new(format!("{path}.name"), message));
        }
        match compile_form(&entry.form, &window.zone) {
            Ok(series) => {
                let name: Arc<str> = entry.name.as_str().into();
                window.pieces.extend(series.into_iter().map(|series| Piece { entry: name.clone(), series }));
            }
            Err(found) => faults.extend(found.into_iter().map(|fault| fault.under(&path))),
        }
    }
}

fn compile_form(form: &Form, zone: &Zone) -> Result<Vec<Series>, Vec<CalendarFault>> {
    let (field, series) = match form {
        Form::Weekly { days, from, until, weeks_of_month, days_of_month, months } => {
            let weekly = Weekly { days, from, until, weeks_of_month, days_of_month, months };
            ("weekly", weekly.compile(zone).map(|series| vec![series]))
        }
        Form::Cron { expression, duration } => ("cron", compile_cron(expression, duration, zone)),
        Form::Rrule { start, rule, duration } => ("rrule", compile_rrule(start, rule, duration, zone)),
        Form::Dates { from, until } => ("dates", compile_dates(from, until, zone)),
        Form::Calendar(selected) => {
            return Ok(selected_series(selected).map(|holiday| holiday.series).collect());
        }
    };
    series.map_err(|faults| faults.into_iter().map(|fault| fault.under(field)).collect())
}

fn compile_cron(expression: &str, duration: &str, zone: &Zone) -> Result<Vec<Series>, Vec<CalendarFault>> {
    let mut faults = Vec::new();
    let parts = keep(cron::parse(expression), "expression", &mut faults);
    let length = keep(Length::duration(duration), "duration", &mut faults);
    let (Some(parts), Some(length)) = (parts, length) else {
        return Err(faults);
    };
    one(Series::repeating(zone.clone(), parts, super::civil::FIRST_WALL, length))
}

fn compile_rrule(start: &str, rule: &str, duration: &str, zone: &Zone) -> Result<Vec<Series>, Vec<CalendarFault>> {
    let mut faults = Vec::new();
    let start = keep(parse_wall(start), "start", &mut faults);
    let rule = keep(rrule::parse(rule).and_then(utc_until), "rule", &mut faults);
    let length = keep(Length::duration(duration), "duration", &mut faults);
    let (Some(start), Some(rule), Some(length)) = (start, rule, length) else {
        return Err(faults);
    };
    let series = Series::recurring(zone.clone(), &rule, start, length).map_err(|fault| vec![fault])?;
    if !series.matches_start() {
        let message = "the start is not an occurrence of the rule: move it to the first one (RFC 5545 section 3.8.5.3)";
        return Err(vec![CalendarFault::new("start", message)]);
    }
    Ok(vec![series])
}

fn compile_dates(from: &str, until: &str, zone: &Zone) -> Result<Vec<Series>, Vec<CalendarFault>> {
    let (from, until) = wall_range(from, until)?;
    Ok(vec![Series::once(zone.clone(), from, Length::Wall(until))])
}

/// Two wall times, the second later.
fn wall_range(from: &str, until: &str) -> Result<(Wall, Wall), Vec<CalendarFault>> {
    let mut faults = Vec::new();
    let start = keep(parse_wall(from), "from", &mut faults);
    let end = keep(parse_wall(until), "until", &mut faults);
    let (Some(start), Some(end)) = (start, end) else {
        return Err(faults);
    };
    if end <= start {
        let message = format!("{} is not later than {}", quoted(until), quoted(from));
        return Err(vec![CalendarFault::new("until", message)]);
    }
    Ok((start, end))
}

fn keep<T>(result: Result<T, CalendarFault>, field: &str, faults: &mut Vec<CalendarFault>) -> Option<T> {
    result.map_err(|fault| faults.push(fault.under(field))).ok()
}

fn one(series: Result<Series, CalendarFault>) -> Result<Vec<Series>, Vec<CalendarFault>> {
    series.map(|series| vec![series]).map_err(|fault| vec![fault])
}

fn selected_series(selected: &Selected) -> impl Iterator<Item = Holiday> + '_ {
    let wanted = |categories: &[String]| {
        let named = |category: &String| selected.categories.iter().any(|wanted| wanted.eq_ignore_ascii_case(category));
        selected.categories.is_empty() || categories.iter().any(named)
    };
    let events = selected.calendar.events.iter().filter(move |event| wanted(&event.categories));
    events
        .flat_map(|event| event.series.iter().map(|series| Holiday { all_day: event.all_day, series: series.clone() }))
}

fn holidays(selected: &Selected) -> Vec<Holiday> {
    selected_series(selected).collect()
}

fn compile_exceptions(window: &mut Window, exceptions: &[Exception], faults: &mut Vec<CalendarFault>) {
    if exceptions.len() > MOST_EXCEPTIONS {
        let message =
            format!("{} exceptions, at most {MOST_EXCEPTIONS} are allowed: use a holiday calendar", exceptions.len());
        faults.push(CalendarFault::new("exceptions", message));
        return;
    }
    for (index, exception) in exceptions.iter().enumerate() {
        match change(exception, &window.zone) {
            // Nothing is left of a day that the zone leaves out, or of a range inside of a gap.
            Ok(change) => window.changes.extend(change),
            Err(found) => {
                let path = format!("exceptions[{index}]");
                faults.extend(found.into_iter().map(|fault| fault.under(&path)));
            }
        }
    }
}

fn change(exception: &Exception, zone: &Zone) -> Result<Option<Change>, Vec<CalendarFault>> {
    let (whole_day, from, until, name) = match &exception.when {
        ExceptionTime::Date(date) => {
            let day = parse_date(date).map_err(|fault| vec![fault.under("date")])?;
            (true, day * DAY, (day + 1) * DAY, date)
        }
        ExceptionTime::Range { from, until } => {
            let (start, end) = wall_range(from, until)?;
            (false, start, end, from)
        }
    };
    let span = Span { from: zone.instant(from), until: zone.instant(until) };
    let change = match (exception.effect, whole_day) {
        (Effect::Add, _) => Change::Add(span, format!("exception {name}").into()),
        (Effect::Skip, true) => Change::SkipDay(span),
        (Effect::Skip, false) => Change::SkipTime(span),
    };
    Ok((span.from < span.until).then_some(change))
}

fn compile_validity(window: &mut Window, spec: &WindowSpec, faults: &mut Vec<CalendarFault>) {
    let zone = window.zone.clone();
    let mut read =
        |text: &Option<String>, field: &str| text.as_ref().and_then(|text| keep(zone.seconds(text), field, faults));
    let from = read(&spec.valid_from, "validFrom");
    let until = read(&spec.valid_until, "validUntil");
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        faults.push(CalendarFault::new("validUntil", "is not later than validFrom: the window would never be open"));
        return;
    }
    window.valid = Span { from: from.unwrap_or(ALWAYS.from), until: until.unwrap_or(ALWAYS.until) };
}
