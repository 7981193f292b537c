//! `rollcall status`: the board of releases, or where one of them stands.

mod board;
mod one;
mod watch;

pub use board::Board;
pub use one::Standing;

use std::process::ExitCode;

use chrono::{DateTime, Utc};

use super::asked::Asked;
use super::cluster::{Cluster, read};
use super::screen::{Format, Screen};
use super::{Failure, answer, completion};

/// Show all releases and what each waits for, or where one of them stands.
///
/// With -w it goes on showing what changes: on a terminal it redraws the screen, elsewhere it writes a line for
/// each change. A lost connection is said and mended.
///
/// Exit codes: 0 (for one release: done, under way, or nothing blocks it), 1 it is blocked or has failed,
/// 3 not found or unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  rollcall status -A\n  rollcall status checkout-2 -n releases -w")]
pub struct Args {
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(value_name = "RELEASE", add = completion::releases())]
    release: Option<String>,
    /// Releases of all namespaces.
    #[arg(short = 'A', long, conflicts_with = "release")]
    all_namespaces: bool,
    /// Go on showing it until it ends.
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    asked: Asked,
}

/// What there is to show at one moment.
struct Shown {
    /// For people, on a screen of their own.
    text: String,
    /// What changed in it is worth a line in a log.
    lines: Vec<String>,
    /// 0 or 1.
    code: u8,
    /// Nothing of it will change any more.
    over: bool,
    /// When time alone may change it.
    next: Option<DateTime<Utc>>,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (screen, cluster) = args.asked.place.reach().await?;
    if args.watch {
        if !matches!(args.asked.output.format, Format::Table | Format::Wide) {
            let help = "use kubectl get crel -w -o json to watch as a program";
            return Err(Failure::usage("-w is for people, so it has no -o for programs", help));
        }
        return watch::run(&args, &cluster).await;
    }
    let shown = now(&args, &cluster, &screen).await?;
    answer(&shown.text)?;
    Ok(ExitCode::from(shown.code))
}

/// What the question's answer is now.
async fn now(args: &Args, cluster: &Cluster, screen: &Screen) -> Result<Shown, Failure> {
    match &args.release {
        None => board::shown(args, cluster, screen).await,
        Some(name) => {
            let release = read::release(cluster, &cluster.named(name)).await?;
            let examined = read::examine(cluster, release, None).await?.or_as_reported();
            one::shown(&args.asked.output.format, &examined, screen)
        }
    }
}
