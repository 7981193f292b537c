//! iCalendar: an event for each release, from its first step's start to its last step's end.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::super::answer::Answer;
use crate::cli::screen::inert;

/// The courses as a calendar. The stamp is the instant of the plan, so that the same plan gives the same bytes.
#[must_use]
pub fn calendar(answer: &Answer) -> String {
    let mut out = String::new();
    line(&mut out, "BEGIN:VCALENDAR");
    line(&mut out, "VERSION:2.0");
    line(&mut out, "PRODID:-//rollcall.dev//plan//EN");
    for plan in &answer.plans {
        let Some(course) = answer.courses.get(&plan.release) else { continue };
        let Some(starts) = course.starts() else { continue };
        line(&mut out, "BEGIN:VEVENT");
        line(&mut out, &format!("UID:{}@plan.rollcall.dev", plan.release.replace('/', ".")));
        line(&mut out, &format!("DTSTAMP:{}", stamp(answer.at)));
        line(&mut out, &format!("DTSTART:{}", stamp(starts)));
        line(&mut out, &format!("DTEND:{}", stamp(course.ends().unwrap_or(starts).max(starts))));
        line(&mut out, &format!("SUMMARY:{}", text(&format!("release {}", plan.release))));
        let mut steps = String::new();
        for leg in &course.legs {
            let _ = writeln!(
                steps,
                "{} {}",
                leg.step,
                leg.start.map_or("not planned".to_owned(), crate::api::time::to_wire)
            );
        }
        line(&mut out, &format!("DESCRIPTION:{}", text(steps.trim_end())));
        line(&mut out, "STATUS:TENTATIVE");
        line(&mut out, "TRANSP:TRANSPARENT");
        line(&mut out, "END:VEVENT");
    }
    line(&mut out, "END:VCALENDAR");
    out
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// A text as RFC 5545 section 3.3.11 writes it.
fn text(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(inert).collect();
    lines.join("\n").replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// One content line, folded at 75 octets (section 3.1).
fn line(out: &mut String, text: &str) {
    let mut used = 0;
    for c in text.chars() {
        if used + c.len_utf8() > 75 {
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}
