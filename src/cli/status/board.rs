//! All releases, as the operator last reported on each.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Args, Shown};
use crate::api::time::from_wire;
use crate::cli::Failure;
use crate::cli::cluster::{Cluster, read};
use crate::cli::screen::output::{VERSION, for_programs};
use crate::cli::screen::text::inert;
use crate::cli::screen::when::age;
use crate::cli::screen::{Format, Screen, Table};
use crate::cluster::objects::Release;
use crate::cluster::writes::RELEASES;

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Board {
    api_version: &'static str,
    kind: &'static str,
    releases: Vec<Card>,
}

/// One release, as the operator reported on it.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    namespace: String,
    name: String,
    /// The reason of the condition Ready; NotLookedAt before the operator has seen this generation.
    state: String,
    /// Steps done, of all.
    progress: String,
    /// What it waits for first.
    waits_for: String,
    /// How many things it waits for.
    blockers: usize,
    /// When the next step might start, as far as the windows tell.
    next_start: Option<String>,
    digest: Option<String>,
    created: String,
    finished: bool,
    #[serde(skip)]
    born: DateTime<Utc>,
}

pub(super) async fn shown(args: &Args, cluster: &Cluster, screen: &Screen) -> Result<Shown, Failure> {
    let mut releases: Vec<Release> = read::all(cluster, RELEASES, args.all_namespaces).await?;
    // What is live comes first, then what has ended, the newest of each on top.
    releases.sort_by_key(|r| (r.status.finished == Some(true), std::cmp::Reverse(r.meta.created), r.meta.key.clone()));
    let cards: Vec<Card> = releases.iter().map(card).collect();
    let names: Vec<String> = cards.iter().map(|c| format!("coordinatedrelease.rollcall.dev/{}", c.name)).collect();
    let lines = cards.iter().map(|c| format!("{}/{} {} {}: {}", c.namespace, c.name, c.state, c.progress, c.waits_for));
    let lines = lines.map(|line| inert(&line)).collect();
    let board = Board { api_version: VERSION, kind: "Board", releases: cards };
    let text = match for_programs(&args.asked.output.format, &board, &names)? {
        Some(text) => text,
        None if board.releases.is_empty() => nothing(args, cluster),
        None => table(&board, args, cluster.now(), screen),
    };
    Ok(Shown { text, lines, code: 0, over: false, next: None })
}

fn nothing(args: &Args, cluster: &Cluster) -> String {
    if args.all_namespaces {
        "There is no release. Plan one from files: rollcall plan -f DIR\n".to_owned()
    } else {
        format!("There is no release in namespace {}. All namespaces: -A\n", inert(&cluster.namespace))
    }
}

fn card(release: &Release) -> Card {
    let status = &release.status;
    let ready = status.conditions.iter().find(|c| c.type_ == "Ready");
    let seen = status.observed_generation.unwrap_or(-1) >= release.meta.generation;
    let state = if release.meta.terminating {
        "Deleting".to_owned()
    } else {
        ready.filter(|_| seen).map_or("NotLookedAt".to_owned(), |c| c.reason.clone())
    };
    let waits_for = match status.blockers.first() {
        Some(first) if seen => format!("{} {}", first.code, first.message),
        _ => String::new(),
    };
    let left_out = status.blockers_left_out.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    Card {
        namespace: release.meta.key.namespace.to_string(),
        name: release.meta.key.name.to_string(),
        state,
        progress: status.progress.clone().unwrap_or_else(|| format!("0/{}", release.spec.steps.len())),
        waits_for,
        blockers: status.blockers.len() + left_out,
        next_start: status.schedule.as_ref().and_then(|s| s.next_start.clone()),
        digest: status.digest.clone(),
        created: crate::api::time::to_wire(release.meta.created),
        finished: status.finished == Some(true),
        born: release.meta.created,
    }
}

fn table(board: &Board, args: &Args, now: DateTime<Utc>, screen: &Screen) -> String {
    let wide = args.asked.output.format == Format::Wide;
    let mut heads = vec!["RELEASE", "STATE", "STEPS", "NEXT START", "AGE", "WAITS FOR"];
    if args.all_namespaces {
        heads.insert(0, "NAMESPACE");
    }
    if wide {
        heads.insert(heads.len() - 1, "DIGEST");
    }
    let mut table = Table::new(&heads);
    for card in &board.releases {
        let next = card.next_start.as_deref().and_then(from_wire);
        let more = if card.blockers > 1 { format!(" (and {} more)", card.blockers - 1) } else { String::new() };
        let state = match card.state.as_str() {
            "Completed" => screen.good(&card.state),
            state if state.contains("Failed") || state.contains("Invalid") || state.contains("Missing") => {
                screen.bad(state)
            }
            state if state.starts_with("Waiting") || state == "Paused" => screen.wait(state),
            state => screen.command(&inert(state)),
        };
        let mut row = vec![
            inert(&card.name),
            state,
            inert(&card.progress),
            next.map(|at| screen.when.at_from(at, now)).unwrap_or_default(),
            age(card.born, now),
            inert(&format!("{}{more}", card.waits_for)),
        ];
        if args.all_namespaces {
            row.insert(0, inert(&card.namespace));
        }
        if wide {
            row.insert(row.len() - 1, card.digest.as_deref().map(crate::digest::short).unwrap_or_default().to_owned());
        }
        table.row(row);
    }
    table.shown(screen, 0)
}
