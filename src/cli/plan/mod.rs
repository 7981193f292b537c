//! `rollcall plan`: what manifests say, and when it would happen, before anybody applies them.
//!
//! This folder never asks a cluster and never decides: it asks the operator's own rules about files.

mod answer;
mod base;
mod calendars;
mod check;
mod course;
mod cross;
mod document;
mod forecast;
mod moves;
mod out;
mod program;
mod read;
mod show;

pub use program::Plan;

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};

use self::answer::Answer;
use self::forecast::Ahead;
use super::screen::text::inert_json;
use super::screen::{DisplayArgs, Screen, When};
use super::{Failure, answer as print};
use crate::api::time::duration_from_wire;
use crate::clock::{Clock as _, SystemClock};

/// Check manifests and show what would ship when and in which order, without a cluster.
///
/// Reads manifests as Git holds them, also what `kustomize build` and `helm template` print. It checks them by the
/// same rules as the cluster, and follows the releases by the same decision as the operator: assumed is that teams
/// sign, checks pass, nothing fails, and every step takes its estimate. The same input and --at give the same answer.
///
/// Exit codes: 0 nothing is wrong, 1 faults or conflicts, 2 wrong usage, 3 something cannot be read.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  rollcall plan -f deploy/\n  kustomize build . | rollcall plan -f - -o markdown --base main"
)]
pub struct Args {
    /// A file, a folder with manifests, or - for standard input; may be repeated.
    #[arg(short = 'f', long = "filename", required = true, value_name = "PATH")]
    files: Vec<PathBuf>,
    /// How the answer looks.
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// From when on: 2027-01-12T09:00:00+01:00, or a wall time such as 2027-01-12T09:00 [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How far ahead to look: 72h, or in days, 30d.
    #[arg(long, value_name = "SPAN", default_value = "30d", value_parser = span)]
    horizon: TimeDelta,
    /// Show what has moved since a revision of the git repository that the files are in.
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// What makes the exit code 1.
    #[arg(long, value_enum, default_value_t = FailOn::Conflict, value_name = "LEVEL")]
    fail_on: FailOn,
    /// The operator's namespace: its windows govern the namespaces they select.
    #[arg(long, default_value = "rollcall-system", value_name = "NAMESPACE")]
    operator_namespace: String,
    #[command(flatten)]
    display: DisplayArgs,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    /// For people.
    Table,
    /// For programs: `rollcall explain output` prints the schema.
    Json,
    /// For the comment of a pull request.
    Markdown,
    /// For test reports: a case for each release.
    Junit,
    /// For code scanning.
    Sarif,
    /// For GitHub Actions: the ten worst findings, on their lines.
    Github,
    /// For calendar programs: an event for each release.
    Ics,
    /// A picture of the timeline.
    Svg,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum FailOn {
    /// Faults and conflicts.
    Conflict,
    /// Warnings as well.
    Warning,
}

/// `72h`, `90m`, or whole days.
fn span(text: &str) -> Result<TimeDelta, String> {
    let days = text.strip_suffix('d').and_then(|n| n.parse::<i64>().ok()).map(TimeDelta::days);
    let span = days.or_else(|| duration_from_wire(text));
    let fits = |span: &TimeDelta| *span > TimeDelta::zero() && *span <= TimeDelta::days(366);
    span.filter(fits).ok_or_else(|| "write a span of at most a year, such as 72h or 30d".to_owned())
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let screen = Screen::of(&args.display);
    let ahead = Ahead { from: from(args, &screen.when)?, horizon: args.horizon };
    let answer = Answer::of(&read::sources(&args.files)?, &args.operator_namespace, ahead)?;
    if answer.objects() == 0 {
        return Err(Failure::unreachable(
            format!("{}: no manifest in it", names(&args.files)),
            "name files with at least one object",
        ));
    }
    let moves = match &args.base {
        None => None,
        Some(revision) => {
            let before = Answer::of(&base::sources(&args.files, revision)?, &args.operator_namespace, ahead)?;
            Some(moves::moves(revision, &before, &answer))
        }
    };
    let when = &screen.when;
    let text = match args.output {
        Output::Table => show::table(&answer, moves.as_ref(), &screen),
        Output::Json => inert_json(&format!("{:#}\n", program::json(&answer, moves.clone()))),
        Output::Markdown => out::markdown(&answer, moves.as_ref(), when),
        Output::Junit => out::junit(&answer),
        Output::Sarif => inert_json(&format!("{:#}\n", out::sarif(&answer))),
        Output::Github => out::github(&answer),
        Output::Ics => out::calendar(&answer),
        Output::Svg => out::svg(&answer, when),
    };
    print(&text)?;
    let clean = answer.clean(args.fail_on == FailOn::Warning);
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Whole seconds: windows open and close on them.
fn from(args: &Args, when: &When) -> Result<DateTime<Utc>, Failure> {
    let help = "write --at 2027-01-12T09:00:00Z, or a wall time such as 2027-01-12T09:00";
    let at = match &args.at {
        Some(text) => when.read(text).map_err(|e| Failure::usage(format!("--at: {e}"), help))?,
        None => SystemClock::default().now(),
    };
    Ok(DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at))
}

fn names(files: &[PathBuf]) -> String {
    let name = |path: &PathBuf| match path.to_str() {
        Some("-") => "stdin".to_owned(),
        _ => path.display().to_string(),
    };
    files.iter().map(name).collect::<Vec<_>>().join(", ")
}
