//! `rollcall ready` and `rollcall notready`: a team's word, given by a person.
//!
//! This folder never signs what it has not printed, or what was not named by its digest. Who signed is stamped by the API server, not by this command.

mod content;
mod diff;
mod over;
mod word;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;

use self::content::Content;
pub(super) use self::over::{Old, TASKS_DONE};
use self::word::Word;
pub(super) use self::word::{whoami, written};
use super::asked::Asked;
use super::cluster::Cluster;
use super::screen::Screen;
use super::screen::output::{VERSION, for_programs};
use super::screen::text::inert;
use super::{Failure, answer, completion, invoked_as, told_first};
use crate::api::readiness::SignOffDecision;
use crate::digest::short;

/// Say Go for a team: sign what a release would ship.
///
/// It prints exactly what is signed: every member with its images and how its template differs from what runs. On a
/// terminal it asks first. In scripts it asks nothing and needs --revision, so that nobody signs what they have not
/// seen. The signature is for this content only, and in your name: the API server stamps who you are.
///
/// Exit codes: 0 signed, 1 refused or not confirmed, 2 wrong usage, 3 not found or unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  rollcall ready core -r releases/checkout-2\n  rollcall ready core/core -r releases/checkout-2 --revision e82c5f95cac7"
)]
pub struct ReadyArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Say NoGo for a team: a release must not ship this content.
///
/// The release waits until somebody of the team says Go. Takes the same arguments as `ready`, and a reason.
#[derive(clap::Args, Debug)]
pub struct NotReadyArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Why not. Everybody who waits reads it.
    #[arg(long, value_name = "TEXT")]
    note: String,
}

#[derive(clap::Args, Debug)]
struct CommonArgs {
    /// The team: NAME or NAMESPACE/NAME. A name alone is looked for in -n, then among the release's teams.
    #[arg(value_name = "TEAM", add = completion::teams())]
    team: String,
    /// The release: NAMESPACE/NAME, or a name in the team's namespace or in -n.
    #[arg(short, long, value_name = "RELEASE", add = completion::releases())]
    release: String,
    /// The beginning of the digest that you mean to sign, at least 7 digits. Required in scripts.
    #[arg(long, value_name = "DIGEST")]
    revision: Option<String>,
    /// In which role you sign [default: the only one that the team asks for].
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Which of the role's seats [default: yours, or the first that is free].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=8))]
    seat: Option<i32>,
    /// Do not ask. Needs --revision.
    #[arg(short, long, requires = "revision")]
    yes: bool,
    #[command(flatten)]
    asked: Asked,
}

/// What was signed.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SignOff")]
pub struct Signed {
    api_version: &'static str,
    kind: &'static str,
    team: String,
    release: String,
    role: String,
    seat: i32,
    decision: SignOffDecision,
    digest: String,
    /// Who signed, as the API server stamped it.
    by: String,
    members: Vec<content::Member>,
}

pub async fn ready(args: ReadyArgs) -> Result<ExitCode, Failure> {
    sign(args.common, SignOffDecision::Go, args.note).await
}

pub async fn not_ready(args: NotReadyArgs) -> Result<ExitCode, Failure> {
    sign(args.common, SignOffDecision::NoGo, Some(args.note)).await
}

async fn sign(args: CommonArgs, decision: SignOffDecision, note: Option<String>) -> Result<ExitCode, Failure> {
    let screen = Screen::of(&args.asked.place.display);
    let asks = std::io::stdin().is_terminal() && !args.yes;
    let cluster = Cluster::find(&args.asked.place.cluster).await?;
    let content = Content::read(&cluster, &args.team, &args.release).await?;
    let verb = if decision == SignOffDecision::Go { "ready" } else { "notready --note TEXT" };
    matching(&content, args.revision.as_deref(), asks, verb)?;
    let word = Word::choose(&cluster, &content, args.role.as_deref(), args.seat, decision, note).await?;
    let people = matches!(args.asked.output.format, super::screen::Format::Table | super::screen::Format::Wide);
    if people || asks {
        let said = content.shown(&word, &screen);
        // What is to be read before the question is not the answer that a program reads.
        if people && asks {
            told_first(&said)?;
        } else if people {
            answer(&said)?;
        } else {
            eprint!("{said}");
        }
    }
    if asks && !confirmed(&format!("Sign {decision} as {}? [y/N] ", inert(&word.me)))? {
        return Err(Failure::no("nothing was signed", "run the command again and answer y"));
    }
    let by = word.give(&cluster, &content).await?;
    word.old.tell(&content.team_name);
    let signed = Signed {
        api_version: VERSION,
        kind: "SignOff",
        team: content.team_name.to_string(),
        release: content.release_name.to_string(),
        role: word.role.clone(),
        seat: word.seat,
        decision,
        digest: content.digest.clone(),
        members: content.members,
        by,
    };
    let text = match for_programs(&args.asked.output.format, &signed, std::slice::from_ref(&signed.digest))? {
        Some(text) => text,
        None => {
            let words = format!("signed {decision} as {} by {}", inert(&signed.role), inert(&signed.by));
            let words = if decision == SignOffDecision::Go { screen.good(&words) } else { screen.bad(&words) };
            format!("{words} for {} of {}\n", short(&signed.digest), signed.release)
        }
    };
    answer(&text)
}

/// Whether the content is what the person means to sign.
fn matching(content: &Content, revision: Option<&str>, asks: bool, verb: &str) -> Result<(), Failure> {
    let (us, team, release) = (invoked_as(), &content.team_name, &content.release_name);
    let again = format!("{us} {verb} {team} -r {release} --revision {}", short(&content.digest));
    meant(&content.digest, revision, asks, (&again, &format!("{us} status {release}")))
}

/// Whether what would ship is what the person means: at a terminal it is shown, elsewhere it must be named.
pub(super) fn meant(
    digest: &str,
    revision: Option<&str>,
    asks: bool,
    (again, look): (&str, &str),
) -> Result<(), Failure> {
    let Some(revision) = revision else {
        if asks {
            return Ok(());
        }
        let what = "--revision is required where nobody can be asked: it says what you mean to sign";
        return Err(Failure::usage(what, format!("look at it first: {look}; then: {again}")));
    };
    let hex = revision.strip_prefix("sha256:").unwrap_or(revision);
    if hex.len() < 7 || !hex.chars().all(|c| c.is_ascii_hexdigit()) {
        let what = format!("--revision {}: must be at least 7 hexadecimal digits of a digest", inert(revision));
        return Err(Failure::usage(what, again));
    }
    if digest.strip_prefix("sha256:").unwrap_or(digest).starts_with(&hex.to_lowercase()) {
        return Ok(());
    }
    let what = format!("what would ship now is {} and not {}", short(digest), inert(revision));
    Err(Failure::no(what, format!("look at what changed, then: {again}")))
}

/// Asks a person at a terminal.
pub(super) fn confirmed(question: &str) -> Result<bool, Failure> {
    let unable = |e: std::io::Error| Failure::unreachable(format!("the terminal cannot be asked: {e}"), "use --yes");
    let mut err = std::io::stderr().lock();
    err.write_all(question.as_bytes()).and_then(|()| err.flush()).map_err(unable)?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(unable)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}
