//! `rollcall plan`: what manifests say, before anybody applies them. No cluster is asked.

mod calendars;
mod check;
mod cross;
mod document;
mod read;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use super::Failure;
use crate::clock::{Clock as _, SystemClock};

/// Check manifests and show what would ship in which order, without a cluster.
///
/// Exit codes: 0 nothing is wrong, 1 faults or conflicts, 2 wrong usage, 3 something cannot be read.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A file, a folder with manifests, or - for standard input; may be repeated.
    #[arg(short = 'f', long = "filename", required = true, value_name = "PATH")]
    files: Vec<PathBuf>,
    /// How the answer looks.
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// The operator's namespace: its windows govern the namespaces they select.
    #[arg(long, default_value = "rollcall-system", value_name = "NAMESPACE")]
    operator_namespace: String,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Output {
    Table,
    Json,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut documents = Vec::new();
    for source in read::sources(&args.files)? {
        let found = document::documents(&source.name, &source.text).map_err(|(line, why)| {
            Failure::unreachable(format!("{}:{line}: {why}", source.name), "name manifests in YAML or JSON")
        })?;
        documents.extend(found);
    }
    if documents.is_empty() {
        let name = |path: &PathBuf| match path.to_str() {
            Some("-") => "stdin".to_owned(),
            _ => path.display().to_string(),
        };
        let names: Vec<String> = args.files.iter().map(name).collect();
        return Err(Failure::unreachable(
            format!("{}: no manifest in it", names.join(", ")),
            "name files with at least one object",
        ));
    }
    let mut set = check::read(&documents, SystemClock::default().now());
    let plans = cross::plans(&mut set, &args.operator_namespace);
    let clean = !set.findings.iter().any(|f| matches!(f.level, check::Level::Fault | check::Level::Conflict));
    match args.output {
        Output::Table => print!("{}", show::table(&set, &plans)),
        Output::Json => println!("{:#}", show::json(&set, &plans)),
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
