//! `rollcall events`: what happened to a release, in order.

use std::collections::BTreeSet;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::asked::Asked;
use super::cluster::{Changes, Cluster, RefusalKind, encoded, read};
use super::screen::output::{VERSION, for_programs};
use super::screen::text::inert;
use super::screen::when::age;
use super::screen::{Format, Screen, Table};
use super::{Failure, answer, completion};
use crate::api::time::{from_wire, to_wire};
use crate::cluster::writes::Resource;
use crate::domain::ObjectName;

const EVENTS: Resource = Resource { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event" };

/// Show the events of a release, the oldest first.
///
/// The API server forgets events after a while (an hour, unless it is told otherwise). The record of what was let
/// go, and on which grounds, is in the status: see `rollcall trace`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(value_name = "RELEASE", add = completion::releases())]
    release: String,
    /// Go on showing what is new.
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    api_version: &'static str,
    kind: &'static str,
    release: String,
    events: Vec<Happened>,
}

#[derive(JsonSchema, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happened {
    at: String,
    #[serde(rename = "type")]
    type_: String,
    reason: String,
    note: String,
    /// How often.
    count: u64,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (screen, cluster) = args.asked.place.reach().await?;
    let release = read::release(&cluster, &cluster.named(&args.release)).await?;
    let name = ObjectName::new(&*release.meta.key.namespace, &*release.meta.key.name);
    let events = happened(&cluster, &name).await.map_err(|r| r.told(&cluster.api))?;
    let names: Vec<String> = events.iter().map(|e| e.reason.clone()).collect();
    let now = cluster.now();
    let known: BTreeSet<(String, String, String)> = events.iter().map(key).collect();
    let all = Events { api_version: VERSION, kind: "Events", release: name.to_string(), events };
    let text = match for_programs(&args.asked.output.format, &all, &names)? {
        Some(text) => text,
        None if all.events.is_empty() => "No events: the API server keeps none of this release.\n".to_owned(),
        None => table(&all.events, now, &screen),
    };
    answer(&text)?;
    if !args.watch || !matches!(args.asked.output.format, Format::Table | Format::Wide) {
        return Ok(ExitCode::SUCCESS);
    }
    follow(&cluster, &name, known, &screen).await
}

/// Writes a line for each event that is not known yet, until the person has seen enough.
async fn follow(
    cluster: &Cluster,
    name: &ObjectName,
    mut known: BTreeSet<(String, String, String)>,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let mut changes = Changes::in_all(cluster, EVENTS, &name.namespace, &format!("regarding.name={}", name.name));
    let mut lost = false;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
            () = changes.next(None) => {}
        }
        match happened(cluster, name).await {
            Ok(found) => {
                changes.answered();
                if std::mem::replace(&mut lost, false) {
                    answer("connected again\n")?;
                }
                for event in found.iter().filter(|e| known.insert(key(e))) {
                    answer(&format!("{}\n", line(event, screen)))?;
                }
            }
            Err(refusal) if refusal.kind == RefusalKind::Unreachable => {
                changes.unanswered();
                if !std::mem::replace(&mut lost, true) {
                    answer(&format!("connection lost, trying again: {}\n", inert(&refusal.message)))?;
                }
            }
            Err(refusal) => return Err(refusal.told(&cluster.api)),
        }
    }
}

fn key(event: &Happened) -> (String, String, String) {
    (event.at.clone(), event.reason.clone(), event.note.clone())
}

async fn happened(cluster: &Cluster, name: &ObjectName) -> Result<Vec<Happened>, super::cluster::Refusal> {
    let query = format!("&fieldSelector={}", encoded(&format!("regarding.name={}", name.name)));
    let found = cluster.api.list(EVENTS, &name.namespace, &query).await?;
    let ours = found
        .iter()
        .filter(|e| e["regarding"]["kind"] == "CoordinatedRelease" && e["regarding"]["name"] == name.name.as_str());
    let mut events: Vec<Happened> = ours.map(event).collect();
    events.sort();
    Ok(events)
}

fn event(value: &Value) -> Happened {
    let text = |v: &Value| v.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    let at = text(&value["series"]["lastObservedTime"])
        .or_else(|| text(&value["eventTime"]))
        .or_else(|| text(&value["deprecatedLastTimestamp"]))
        .or_else(|| text(&value["metadata"]["creationTimestamp"]));
    Happened {
        at: at.as_deref().and_then(from_wire).map(to_wire).unwrap_or_default(),
        type_: text(&value["type"]).unwrap_or_default(),
        reason: text(&value["reason"]).unwrap_or_default(),
        note: text(&value["note"]).unwrap_or_default(),
        count: value["series"]["count"].as_u64().or_else(|| value["deprecatedCount"].as_u64()).unwrap_or(1).max(1),
    }
}

fn table(events: &[Happened], now: DateTime<Utc>, screen: &Screen) -> String {
    // On a narrow terminal the note needs the room.
    let narrow = screen.width.is_some_and(|width| width < 100);
    let mut table =
        Table::new(if narrow { &["AGE", "REASON", "NOTE"] } else { &["AGE", "AT", "REASON", "TIMES", "NOTE"] });
    for event in events {
        let at = from_wire(&event.at);
        let reason = inert(&event.reason);
        let aged = at.map(|at| age(at, now)).unwrap_or_default();
        let reason = if event.type_ == "Warning" { screen.wait(&reason) } else { reason };
        table.row(if narrow {
            vec![aged, reason, inert(&event.note)]
        } else {
            let at = at.map(|at| screen.when.at(at)).unwrap_or_default();
            vec![aged, at, reason, event.count.to_string(), inert(&event.note)]
        });
    }
    table.shown(screen, 0)
}

fn line(event: &Happened, screen: &Screen) -> String {
    let at = from_wire(&event.at).map(|at| screen.when.at(at)).unwrap_or_default();
    format!("{at}  {}  {}", inert(&event.reason), inert(&event.note))
}
