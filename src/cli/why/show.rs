//! The answer for people.

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::answer::{Reason, Why};
use super::chain::{Change, StepChain};
use crate::api::time::from_wire;
use crate::cli::screen::Screen;
use crate::cli::screen::text::{count, inert, wrapped};
use crate::cli::screen::when::span;

/// At most so many chains are drawn; the rest is in `-o json`.
const CHAINS: usize = 6;
/// At most so many blockers are listed.
const LISTED: usize = 64;

/// Everything, for people.
pub fn text(why: &Why, screen: &Screen, elsewhen: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", verdict(why, screen, elsewhen));
    if why.from_report {
        out.push_str("So the operator last reported: you may not see all that it decides on.\n");
    }
    if let Some(earliest) = &why.earliest
        && !why.blockers.is_empty()
    {
        let at = instant(&earliest.at);
        let when = at.map_or_else(String::new, |at| screen.when.at_from(at, instant(&why.now).unwrap_or(at)));
        let now = at.is_some_and(|at| Some(at) == instant(&why.at));
        let when = if now { "at once".to_owned() } else { when };
        let _ = writeln!(out, "If people did all they can now, step {} could start {when}.", inert(&earliest.step));
    }
    if !why.blockers.is_empty() {
        out.push('\n');
    }
    for reason in why.blockers.iter().take(LISTED) {
        blocker(&mut out, reason, why, screen);
    }
    if why.blockers.len() > LISTED {
        let _ = writeln!(out, "  and {} more: -o json lists all", why.blockers.len() - LISTED);
    }
    if !why.blockers.is_empty() {
        out.push('\n');
    }
    section(&mut out, screen, "because", &chains(why, screen));
    section(&mut out, screen, "must change", &changes(why, screen));
    let clear: Vec<String> = why.not_blocking.iter().map(|said| local(said, screen)).collect();
    let clear = if clear.is_empty() { Vec::new() } else { vec![clear.join(screen.dot())] };
    section(&mut out, screen, "not blocking", &clear);
    let unseen: Vec<String> = why.unseen.iter().map(|what| inert(what)).collect();
    let unseen = if unseen.is_empty() { Vec::new() } else { vec![unseen.join(screen.dot())] };
    section(&mut out, screen, "not visible to you", &unseen);
    out
}

fn verdict(why: &Why, screen: &Screen, elsewhen: bool) -> String {
    let name = screen.strong(&inert(&why.release));
    let mut blockers = count(why.blockers.len(), "blocker");
    if let Some(team) = &why.team {
        blockers.push_str(&format!(" of team {}", inert(team)));
    }
    if let Some(step) = &why.step {
        blockers.push_str(&format!(" of step {} or what comes before it", inert(step)));
    }
    let at = if elsewhen {
        format!(" at {}", instant(&why.at).map_or_else(String::new, |at| screen.when.at(at)))
    } else {
        String::new()
    };
    let go = why.go.iter().map(|s| inert(s)).collect::<Vec<_>>().join(", ");
    let done = why.progress.split('/').next().unwrap_or("0");
    if why.ended && why.outcome != "Completed" {
        return format!("{name} has ended: {} ({}).", screen.wait(&inert(&why.outcome)), why.progress);
    }
    match (why.outcome.as_str(), why.blockers.is_empty()) {
        ("Completed", _) => format!("{name} is {}: all {} steps.", screen.good("done"), done),
        ("Invalid", _) => format!("{name} is {}: correct its text.", screen.bad("not valid")),
        ("Cancelling", _) => format!("{name} is {} ({}).", screen.wait("being cancelled"), why.progress),
        ("Cancelled", _) => format!("{name} is {} ({}).", screen.wait("cancelled"), why.progress),
        ("RolledBack", _) => format!("{name} is {}{}.", screen.wait("rolled back"), cause(why)),
        ("PartlyRolledBack", _) => {
            format!("{name} is {} as far as that can be{}.", screen.wait("rolled back"), cause(why))
        }
        ("RollingBack", true) => format!("{name} is {}{}.", screen.wait("being rolled back"), cause(why)),
        ("RollingBack", false) => {
            format!("{name} is {}{}. {blockers}{at}.", screen.wait("being rolled back"), cause(why))
        }
        ("Failed", _) => format!("{name} has {}. {blockers}{at}.", screen.bad("failed")),
        _ if !why.go.is_empty() && why.blockers.is_empty() => {
            format!("{name} {}{at}: step {go}.", screen.good("can go"))
        }
        _ if !why.go.is_empty() => format!("{name} {}{at}: step {go}. For the rest {blockers}.", screen.good("can go")),
        ("RollingOut", true) => {
            format!("{name} is {} ({}). Nothing blocks it{at}.", screen.good("under way"), why.progress)
        }
        ("RollingOut", false) => format!(
            "{name} is {} ({}). {blockers} for the steps that wait{at}.",
            screen.good("under way"),
            why.progress
        ),
        (_, true) => format!("{name}: nothing blocks it{at}."),
        _ if done == "0" => format!("{name} {}{at}. {blockers}.", screen.bad("cannot start")),
        _ => format!("{name} {}{at} ({}). {blockers}.", screen.bad("cannot go on"), why.progress),
    }
}

/// Why it is rolled back, as the end of a sentence.
fn cause(why: &Why) -> String {
    why.rolled_back_because.as_ref().map_or_else(String::new, |cause| format!(": {}", inert(cause)))
}

fn blocker(out: &mut String, reason: &Reason, why: &Why, screen: &Screen) {
    let now = instant(&why.now);
    let mut head = format!("{} {}", screen.strong(&reason.code), screen.wait(reason.gate));
    let dot = screen.dot();
    let _ = write!(head, "{dot}{}", inert(&reason.owner));
    if !reason.steps.is_empty() {
        let word = if reason.steps.len() == 1 { "step" } else { "steps" };
        let _ = write!(head, "{dot}{word} {}", some(&reason.steps, 6));
    }
    if let (Some(since), Some(now)) = (reason.since.as_deref().and_then(from_wire), now) {
        let _ = write!(head, "{dot}for {}", span(now - since));
    }
    if let (Some(until), Some(now)) = (reason.until.as_deref().and_then(from_wire), now) {
        let _ = write!(head, "{dot}until {}", screen.when.at_from(until, now));
    }
    let width = screen.width.map_or(usize::MAX, |w| w.saturating_sub(4).max(40));
    for (n, line) in wrapped(&head, width).into_iter().enumerate() {
        let _ = if n == 0 { writeln!(out, "{:>3} {line}", reason.id) } else { writeln!(out, "    {line}") };
    }
    for line in wrapped(&local(&reason.message, screen), width) {
        let _ = writeln!(out, "    {line}");
    }
    let _ = writeln!(out, "    {} {}", screen.arrow(), screen.command(&inert(&reason.command)));
}

/// The first few of a list.
fn some(all: &[String], most: usize) -> String {
    let mut said = all.iter().take(most).map(|s| inert(s)).collect::<Vec<_>>().join(", ");
    if all.len() > most {
        let _ = write!(said, " and {} more", all.len() - most);
    }
    said
}

fn section(out: &mut String, screen: &Screen, head: &str, lines: &[String]) {
    for (n, line) in lines.iter().enumerate() {
        let head = if n == 0 { format!("{head}:") } else { String::new() };
        let margin = 20;
        let width = screen.width.map_or(usize::MAX, |w| w.saturating_sub(margin).max(30));
        for (m, part) in wrapped(line, width).into_iter().enumerate() {
            let head = if m == 0 { head.as_str() } else { "" };
            let _ = writeln!(out, "{}{part}", screen.faint(&format!("{head:<margin$}")));
        }
    }
}

/// The chains of causes, each from a step that nothing waits for to what keeps the first of its chain.
fn chains(why: &Why, screen: &Screen) -> Vec<String> {
    let followed: BTreeSet<&str> = why.steps.iter().flat_map(|s| s.after.iter().map(String::as_str)).collect();
    let ends = why.steps.iter().filter(|s| !followed.contains(s.step.as_str()) && !s.after.is_empty());
    let all: Vec<String> = ends.map(|end| chain(why, end)).collect();
    let mut shown: Vec<String> = all.iter().take(CHAINS).map(|c| c.replace("->", screen.arrow())).collect();
    if all.len() > CHAINS {
        shown.push(format!("and {} more chains: -o json has them", all.len() - CHAINS));
    }
    shown
}

fn chain(why: &Why, end: &StepChain) -> String {
    let mut said = inert(&end.step);
    let mut at = end;
    let mut seen = BTreeSet::from([end.step.as_str()]);
    while let Some(before) = at.after.first() {
        let more = if at.after.len() > 1 { format!(" (and {} more)", at.after.len() - 1) } else { String::new() };
        let _ = write!(said, " -> {}{more}", inert(before));
        match why.steps.iter().find(|s| s.step == *before && seen.insert(s.step.as_str())) {
            Some(next) => at = next,
            // It is under way, or has failed: there the chain ends.
            None => return said,
        }
    }
    if !at.blockers.is_empty() {
        let ids: Vec<String> = at.blockers.iter().map(ToString::to_string).collect();
        let _ = write!(said, " -> blocker {}", ids.join(", "));
    }
    said
}

/// What people must do, in one line; then what passes by itself, and when.
fn changes(why: &Why, screen: &Screen) -> Vec<String> {
    let now = instant(&why.now);
    let ids = |change: &Change| {
        let ids: Vec<String> = change.any_of.iter().map(ToString::to_string).collect();
        if ids.len() == 1 { ids.join("") } else { format!("one of {}", ids.join(", ")) }
    };
    let owner = |change: &Change| {
        let reason = why.blockers.iter().find(|r| r.id == change.any_of[0]);
        reason.map(|r| inert(&r.owner)).unwrap_or_default()
    };
    let (time, people): (Vec<&Change>, Vec<&Change>) = why.to_change.iter().partition(|c| c.by_itself);
    let mut lines = Vec::new();
    if !people.is_empty() {
        let all: Vec<String> =
            people.iter().take(LISTED).map(|change| format!("{} by {}", ids(change), owner(change))).collect();
        lines.push(all.join(screen.dot()));
    }
    for change in time.iter().take(LISTED) {
        let when = change.at.as_deref().and_then(from_wire).zip(now).map(|(at, now)| screen.when.at_from(at, now));
        lines.push(format!("{} passes by itself {}", ids(change), when.unwrap_or_default()).trim_end().to_owned());
    }
    match &why.would_move {
        Some(then) if then.certain => lines.push(format!("then step {} goes", inert(&then.step))),
        Some(then) if why.team.is_some() => {
            lines.push(format!("with what others must change, step {} could go", inert(&then.step)));
        }
        Some(then) => lines.push(format!("what then still keeps step {} cannot be told before", inert(&then.step))),
        None => {}
    }
    lines
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    from_wire(text)
}

/// A sentence with its instants said by the wall clock.
fn local(text: &str, screen: &Screen) -> String {
    let word = |word: &str| from_wire(word).map_or_else(|| inert(word), |at| screen.when.at(at));
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
