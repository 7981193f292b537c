//! A timeline as a picture: a lane for each release, a bar for each step. The table says the same in words.

use std::fmt::Write;

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use super::super::answer::Answer;
use super::super::course::Course;
use super::xml;
use crate::cli::screen::When;

const LEFT: f64 = 220.0;
const WIDTH: f64 = 960.0;
const ROW: f64 = 22.0;
const HEAD: f64 = 40.0;
/// So many bars make a picture of a size that browsers draw.
const BARS: usize = 2_000;

/// The courses as a picture.
#[must_use]
pub fn svg(answer: &Answer, when: &When) -> String {
    let planned: Vec<(&str, &Course)> = answer
        .plans
        .iter()
        .filter_map(|p| Some((p.release.as_str(), answer.courses.get(&p.release)?)))
        .filter(|(_, course)| course.starts().is_some())
        .collect();
    let (from, until) = range(&planned, answer);
    let x = |at: DateTime<Utc>| {
        let all = (until - from).num_seconds().max(1);
        LEFT + (at - from).num_seconds() as f64 / all as f64 * (WIDTH - LEFT - 10.0)
    };
    let mut rows = String::new();
    let mut y = HEAD;
    let mut bars = 0;
    for (name, course) in &planned {
        let _ = writeln!(rows, "<text x=\"8\" y=\"{:.1}\" font-weight=\"bold\">{}</text>", y + 15.0, xml(name));
        y += ROW;
        for leg in &course.legs {
            let (Some(start), Some(end)) = (leg.start, leg.end) else { continue };
            bars += 1;
            if bars > BARS {
                continue;
            }
            let (left, right) = (x(start), x(end.max(start)));
            let words = format!("{}: {} to {}", leg.step, when.at(start), when.at(end));
            let _ = writeln!(rows, "<text x=\"20\" y=\"{:.1}\">{}</text>", y + 15.0, xml(&leg.step));
            let _ = writeln!(
                rows,
                "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"14\" rx=\"3\"><title>{}</title></rect>",
                y + 4.0,
                (right - left).max(2.0),
                xml(&words)
            );
            y += ROW;
        }
    }
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {0:.0}\" width=\"{WIDTH:.0}\" height=\"{0:.0}\" role=\"img\" aria-labelledby=\"t d\">\n",
        y + 10.0
    );
    let _ = writeln!(out, "<title id=\"t\">rollcall plan</title>");
    let _ = writeln!(
        out,
        "<desc id=\"d\">{} releases, from {} to {}</desc>",
        planned.len(),
        xml(&when.at(from)),
        xml(&when.at(until))
    );
    out.push_str("<style>text{font:12px system-ui,sans-serif;fill:#222}rect{fill:#2f6f4f}line{stroke:#ccc}.tick{fill:#666}</style>\n");
    out.push_str("<rect x=\"0\" y=\"0\" width=\"100%\" height=\"100%\" style=\"fill:#fff\"/>\n");
    ticks(&mut out, from, until, x, y, when);
    out.push_str(&rows);
    out.push_str("</svg>\n");
    out
}

fn range(planned: &[(&str, &Course)], answer: &Answer) -> (DateTime<Utc>, DateTime<Utc>) {
    let from = planned.iter().filter_map(|(_, c)| c.starts()).min().unwrap_or(answer.at);
    let ends = planned.iter().flat_map(|(_, c)| &c.legs).filter_map(|leg| leg.end).max();
    let until = ends.unwrap_or(from).max(from + TimeDelta::minutes(10));
    (from, until)
}

/// A line for each hour, day or week, whichever makes about ten.
fn ticks(
    out: &mut String,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    x: impl Fn(DateTime<Utc>) -> f64,
    height: f64,
    when: &When,
) {
    const STEPS: [i64; 10] = [1, 5, 15, 60, 180, 720, 1_440, 10_080, 40_320, 161_280];
    let minutes = (until - from).num_minutes().max(1);
    let step = STEPS.into_iter().find(|step| minutes / step <= 10).unwrap_or(500_000);
    let mut at = DateTime::from_timestamp((from.timestamp() / (step * 60) + 1) * step * 60, 0).unwrap_or(from);
    let mut shown = 0;
    while at < until && shown < 20 {
        let left = x(at);
        let _ = writeln!(out, "<line x1=\"{left:.1}\" y1=\"{:.1}\" x2=\"{left:.1}\" y2=\"{height:.1}\"/>", HEAD - 6.0);
        let local = when.wall(at);
        let label = if step < 1_440 {
            local.format("%H:%M").to_string()
        } else {
            format!("{}-{:02}", local.format("%Y-%m"), local.day())
        };
        let _ = writeln!(
            out,
            "<text class=\"tick\" x=\"{left:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            HEAD - 12.0
        );
        at += TimeDelta::minutes(step);
        shown += 1;
    }
    let _ = writeln!(out, "<text class=\"tick\" x=\"8\" y=\"{:.1}\">{}</text>", HEAD - 12.0, xml(&when.at(from)));
}
