//! `rollcall calendar`: what windows in files say, without a cluster.
//!
//! It asks the same calendar as the controller does; it never guesses what a cluster would add, such as other windows.

mod files;
mod print;

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};

use self::files::Read;
use super::{Failure, answer};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::calendar::{Exported, Zone, export};

/// Print when the windows in files are open.
///
/// Windows of one namespace are one tier: their Allow windows unite. Up to three namespaces intersect, as they do for
/// a step that all of them govern, and a Freeze in any of them closes. Selectors are not looked at.
///
/// Exit codes: 0, or open with --at; 1 closed with --at; 2 a fault in a file; 3 a file that cannot be read.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files with DeploymentWindows, and with the ConfigMaps that they name; `-` is standard input.
    #[arg(short, long = "filename", value_name = "FILE", required = true, num_args = 1..)]
    filename: Vec<PathBuf>,
    /// From when on, included: an instant such as 2027-01-05T09:00:00Z, or a wall time of --zone. Default: now.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when, excluded; at most five years later. Default: 30 days later.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Say whether it is open at this time, and why.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "until"])]
    at: Option<String>,
    /// The zone that times are shown and read in. Default: the windows' own if they share one, else UTC.
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For calendar programs: iCalendar.
    Ics,
}

/// A longer range is a mistake, and would be a long list.
const LONGEST: TimeDelta = TimeDelta::days(5 * 366);

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let read = files::read(&args.filename)?;
    let zone = zone(args, &read)?;
    for said in read.faults() {
        eprintln!("fault: {said}");
    }
    let now = SystemClock::default().now();
    let sound = match &args.at {
        Some(at) => {
            let at = moment(at, &zone, "--at")?;
            let verdict = read.governance.at(at);
            let said = match args.output {
                Output::Json => print::verdict_json(at, &verdict),
                Output::Table => print::verdict(at, &verdict, &zone),
                Output::Ics => {
                    return Err(Failure::usage("--at has no iCalendar form", "use -o table or -o json"));
                }
            };
            answer(&said)?;
            verdict.open
        }
        None => {
            range(args, &read, &zone, now)?;
            true
        }
    };
    Ok(match (read.broken.is_empty(), sound) {
        (false, _) => ExitCode::from(2),
        (true, false) => ExitCode::from(1),
        (true, true) => ExitCode::SUCCESS,
    })
}

fn range(args: &Args, read: &Read, zone: &Zone, now: DateTime<Utc>) -> Result<(), Failure> {
    let from = args.from.as_ref().map_or(Ok(now), |text| moment(text, zone, "--from"))?;
    let until = match &args.until {
        Some(text) => moment(text, zone, "--until")?,
        None => from + TimeDelta::days(30),
    };
    if until <= from || until - from > LONGEST {
        return Err(Failure::usage("--until must be later than --from, by at most five years", "name a shorter range"));
    }
    for (name, window) in &read.windows {
        for warning in window.lint(from) {
            eprintln!("warning: {name}: {warning} ({})", warning.concern.as_str());
        }
    }
    let said = match args.output {
        Output::Table => print::openings(&read.governance.openings(from, until), zone),
        Output::Json => print::openings_json(from, until, &read.governance.openings(from, until), read),
        Output::Ics => {
            let windows: Vec<Exported<'_>> = read
                .windows
                .iter()
                .map(|(name, window)| Exported { name, window, sequence: read.generation(name) })
                .collect();
            export(&windows, from, until, now)
        }
    };
    answer(&said).map(drop)
}

fn zone(args: &Args, read: &Read) -> Result<Zone, Failure> {
    if let Some(name) = &args.zone {
        return Zone::named(name).map_err(|fault| Failure::usage(fault, "name a zone such as Europe/Berlin"));
    }
    let mut zones = read.windows.iter().map(|(_, window)| window.zone());
    let first = zones.next().cloned().unwrap_or_else(Zone::utc);
    Ok(if zones.all(|zone| *zone == first) { first } else { Zone::utc() })
}

fn moment(text: &str, zone: &Zone, option: &str) -> Result<DateTime<Utc>, Failure> {
    let help = "write an instant such as 2027-01-05T09:00:00Z, or a wall time such as 2027-01-05T09:00";
    zone.moment(text).map_err(|fault| Failure::usage(format!("{option}: {fault}"), help))
}
