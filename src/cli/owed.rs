//! `rollcall owed`: which signatures teams still owe, and to whom.

use std::collections::BTreeMap;
use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;

use super::asked::Asked;
use super::cluster::{Cluster, read};
use super::screen::output::{VERSION, for_programs};
use super::screen::text::inert;
use super::screen::{Screen, Table};
use super::{Failure, answer, completion, invoked_as};
use crate::api::time::from_wire;
use crate::cluster::objects::{Release, Team};
use crate::cluster::writes::{RELEASES, TEAMS};
use crate::digest::short;

/// Show what teams owe: signatures that releases wait for, and what is owed to the releases a team takes part in.
///
/// Exit codes: 0 nothing is owed, 1 something is, 3 not found or unreachable, 4 forbidden.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only this team: NAME or NAMESPACE/NAME. Also shows what others owe to the releases it takes part in.
    #[arg(long, value_name = "TEAM", add = completion::teams())]
    team: Option<String>,
    /// Teams of all namespaces.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owed {
    api_version: &'static str,
    kind: &'static str,
    /// What the teams owe.
    owed: Vec<Debt>,
    /// What others owe to releases in which the team takes part.
    by_others: Vec<Debt>,
}

/// One team's debt to one release.
#[derive(JsonSchema, Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Debt {
    team: String,
    release: String,
    /// Pending, Stale, Rejected, or NotTrusted.
    state: String,
    roles: Vec<String>,
    digest: Option<String>,
    /// Whom to ask.
    contact: Option<String>,
    /// When the release might start, as far as the windows tell.
    next_start: Option<String>,
    /// Whether you may sign it.
    you: Option<bool>,
    command: String,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (screen, cluster) = args.asked.place.reach().await?;
    let everywhere = args.all_namespaces || args.team.is_some();
    let (teams, releases) = (teams(&cluster, &args, everywhere).await?, starts(&cluster).await);
    let chosen = match &args.team {
        None => None,
        Some(text) => Some(chosen(&cluster, &teams, text).await?),
    };
    let mine = |team: &Team| chosen.as_ref().is_none_or(|c| *c == team.meta.key.to_string());
    let mut owed: Vec<Debt> = teams.iter().filter(|t| mine(t)).flat_map(|t| debts(t, &releases)).collect();
    for debt in &mut owed {
        let (namespace, name) = debt.team.split_once('/').unwrap_or_default();
        debt.you = cluster.api.may("signoff", TEAMS, namespace, name).await;
    }
    let part: Vec<String> = teams
        .iter()
        .filter(|t| chosen.is_some() && mine(t))
        .flat_map(|t| t.status.releases.iter().map(|r| r.release.clone()))
        .collect();
    let by_others = teams.iter().filter(|t| !mine(t)).flat_map(|t| debts(t, &releases));
    let by_others: Vec<Debt> = by_others.filter(|d| part.contains(&d.release)).collect();
    let code = ExitCode::from(u8::from(!owed.is_empty()));
    let names: Vec<String> = owed.iter().map(|d| format!("teamreadiness.rollcall.dev/{}", d.team)).collect();
    let all = Owed { api_version: VERSION, kind: "Owed", owed, by_others };
    let text = match for_programs(&args.asked.output.format, &all, &names)? {
        Some(text) => text,
        None => drawn(&all, &cluster, &screen),
    };
    answer(&text)?;
    Ok(code)
}

async fn teams(cluster: &Cluster, args: &Args, everywhere: bool) -> Result<Vec<Team>, Failure> {
    let mut teams: Vec<Team> = match read::all(cluster, TEAMS, everywhere).await {
        // Who may not look everywhere may look where they stand.
        Err(failure) if failure.code == 4 && !args.all_namespaces && everywhere => {
            read::all(cluster, TEAMS, false).await?
        }
        other => other?,
    };
    teams.sort_by(|a, b| a.meta.key.cmp(&b.meta.key));
    Ok(teams)
}

async fn chosen(cluster: &Cluster, teams: &[Team], text: &str) -> Result<String, Failure> {
    let named = cluster.named(text);
    let exact = teams.iter().find(|t| t.meta.key.to_string() == named.to_string());
    let mut same = teams.iter().filter(|t| *t.meta.key.name == *text);
    let only = match (same.next(), same.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    match exact.or(only) {
        Some(team) => Ok(team.meta.key.to_string()),
        None => Err(read::unknown(cluster, TEAMS, &named).await),
    }
}

/// When live releases might start. Whoever may not see releases still sees what they owe.
async fn starts(cluster: &Cluster) -> BTreeMap<String, Option<String>> {
    let all: Vec<Release> = match read::all(cluster, RELEASES, true).await {
        Ok(all) => all,
        Err(_) => read::all(cluster, RELEASES, false).await.unwrap_or_default(),
    };
    let start = |r: &Release| r.status.schedule.as_ref().and_then(|s| s.next_start.clone());
    all.iter().map(|r| (r.meta.key.to_string(), start(r))).collect()
}

fn debts(team: &Team, starts: &BTreeMap<String, Option<String>>) -> Vec<Debt> {
    let owes = team.status.releases.iter().filter(|r| !matches!(r.state.as_str(), "SignedOff" | "NothingAsked"));
    owes.map(|asked| {
        let name = team.meta.key.to_string();
        let revision = asked.digest.as_deref().map(|d| format!(" --revision {}", short(d))).unwrap_or_default();
        let role = match asked.missing.as_slice() {
            [role, ..] => format!(" --role {role}"),
            [] => String::new(),
        };
        Debt {
            release: asked.release.clone(),
            state: asked.state.clone(),
            roles: asked.missing.clone(),
            digest: asked.digest.clone(),
            contact: team.spec.contact.as_ref().and_then(|c| c.ask.clone()),
            next_start: starts.get(&asked.release).cloned().flatten(),
            you: None,
            command: format!("{} ready {name} -r {}{role}{revision}", invoked_as(), asked.release),
            team: name,
        }
    })
    .collect()
}

fn drawn(all: &Owed, cluster: &Cluster, screen: &Screen) -> String {
    let mut out = String::new();
    if all.owed.is_empty() {
        out.push_str(&screen.good("Nothing is owed."));
        out.push('\n');
    } else {
        out.push_str(&table(&all.owed, cluster, screen));
        out.push('\n');
        for debt in all.owed.iter().filter(|d| d.you == Some(true)).take(8) {
            out.push_str(&format!("{} {}\n", screen.arrow(), screen.command(&inert(&debt.command))));
        }
    }
    if !all.by_others.is_empty() {
        out.push_str(&format!("\n{}\n", screen.strong("Owed by others to the same releases")));
        out.push_str(&table(&all.by_others, cluster, screen));
    }
    out
}

fn table(debts: &[Debt], cluster: &Cluster, screen: &Screen) -> String {
    let mut table = Table::new(&["TEAM", "OWES", "TO", "STATE", "MAY START", "ASK", "YOU"]);
    for debt in debts {
        let start = debt.next_start.as_deref().and_then(from_wire);
        table.row(vec![
            inert(&debt.team),
            if debt.roles.is_empty() { "its word".to_owned() } else { inert(&debt.roles.join(", ")) },
            inert(&debt.release),
            screen.wait(&inert(&debt.state)),
            start.map(|at| screen.when.at_from(at, cluster.now())).unwrap_or_default(),
            inert(debt.contact.as_deref().unwrap_or_default()),
            match debt.you {
                Some(true) => screen.good("may sign"),
                Some(false) => "may not sign".to_owned(),
                None => String::new(),
            },
        ]);
    }
    table.shown(screen, 0)
}
