//! `rollcall explain`: what a code means and what clears it.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;

use super::cluster::nearest;
use super::screen::output::{VERSION, for_programs};
use super::screen::text::wrapped;
use super::screen::{DisplayArgs, Output, Screen, Table};
use super::{Failure, answer, completion};
use crate::domain::scheduling::{CODES, Code, Gate};

/// Say what a code means, and which gate it belongs to. Without a code, list all of them.
///
/// Codes are the same in the status of releases, in events, in metrics and in the answers of this command.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A code such as RC051, or only its number; or `output`, for the JSON Schema of what -o json says.
    #[arg(value_name = "CODE", add = completion::codes())]
    code: Option<String>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    display: DisplayArgs,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    code: String,
    gate: &'static str,
    meaning: &'static str,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Codes {
    api_version: &'static str,
    kind: &'static str,
    codes: Vec<Explained>,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    if args.code.as_deref() == Some("output") {
        return answer(&format!("{:#}\n", super::schema::schema()));
    }
    let screen = Screen::of(&args.display);
    let chosen: Vec<&(Code, Gate, &str)> = match &args.code {
        None => CODES.iter().collect(),
        Some(text) => vec![find(text)?],
    };
    let codes =
        chosen.iter().map(|(code, gate, meaning)| Explained { code: code.to_string(), gate: gate.as_str(), meaning });
    let codes = Codes { api_version: VERSION, kind: "Codes", codes: codes.collect() };
    let names: Vec<String> = codes.codes.iter().map(|c| c.code.clone()).collect();
    if let Some(text) = for_programs(&args.output.format, &codes, &names)? {
        return answer(&text);
    }
    if args.code.is_none() {
        let mut table = Table::new(&["CODE", "GATE", "MEANING"]);
        for code in codes.codes {
            table.row(vec![code.code, code.gate.to_owned(), code.meaning.to_owned()]);
        }
        return answer(&table.shown(&screen, 0));
    }
    let (code, gate, meaning) = chosen[0];
    let mut text =
        format!("{}{}gate {}\n\n", screen.strong(&code.to_string()), screen.dot(), screen.wait(gate.as_str()));
    for line in wrapped(meaning, screen.width.unwrap_or(100).clamp(40, 100)) {
        text.push_str(&line);
        text.push('\n');
    }
    text.push_str(&format!("\n{}\n", asked_in_order(*gate)));
    answer(&text)
}

/// Where the gate stands among the others.
fn asked_in_order(gate: Gate) -> String {
    let mut gates: Vec<&str> = Vec::new();
    for (_, gate, _) in CODES {
        if !gates.contains(&gate.as_str()) {
            gates.push(gate.as_str());
        }
    }
    let shown: Vec<String> =
        gates.iter().map(|g| if *g == gate.as_str() { format!("[{g}]") } else { (*g).to_owned() }).collect();
    format!("Every gate is asked each time; people are told in this order: {}.", shown.join(", "))
}

fn find(text: &str) -> Result<&'static (Code, Gate, &'static str), Failure> {
    let number = text.to_uppercase().trim_start_matches("RC").parse::<u16>().ok();
    let found = number.and_then(|n| CODES.iter().find(|(code, ..)| code.0 == n));
    found.ok_or_else(|| {
        let known: Vec<String> = CODES.iter().map(|(code, ..)| code.to_string()).collect();
        let near = nearest(&text.to_uppercase(), known.iter().map(String::as_str));
        let help =
            near.map_or_else(|| "list them: rollcall explain".to_owned(), |near| format!("did you mean {near}?"));
        Failure::unreachable(format!("{}: there is no such code", super::screen::inert(text)), help)
    })
}
