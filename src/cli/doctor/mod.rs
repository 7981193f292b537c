//! `rollcall doctor`: whether an installation does what it promises, and what to do where it does not.
//!
//! This folder never changes anything: the one thing that it asks the API server to create is a dry run.

mod gitops;
mod hold;
mod operator;
mod rights;

use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use super::asked::{Asked, duration};
use super::cluster::{Cluster, Refusal, RefusalKind};
use super::screen::Screen;
use super::screen::output::{VERSION, for_programs};
use super::screen::text::{count, inert, wrapped};
use super::{Failure, answer};

/// How long it waits before it looks again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Check an installation: definitions, policies, the hold itself, the operator, rights, clocks, and GitOps tools.
///
/// Nothing is changed: that the hold works is tried with a dry run, which must come back held. What you may not see
/// is said, and is no problem.
///
/// Right after an installation some things take a moment: policies come into force, an operator begins to lead. With
/// --wait it looks again until all is well.
///
/// Exit codes: 0 all is well or nothing worse than a warning, 1 a problem, 3 the cluster is unreachable.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The namespace of Argo CD, whose ConfigMap argocd-cm is looked at.
    #[arg(long, value_name = "NAMESPACE", default_value = "argocd")]
    argocd_namespace: String,
    /// Look again as long as there is a problem, for at most so long.
    #[arg(long, value_name = "DURATION", value_parser = duration("30s or 2m"), default_value = "0s")]
    wait: TimeDelta,
    #[command(flatten)]
    asked: Asked,
}

/// How one thing is.
#[derive(JsonSchema, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum State {
    Well,
    /// The person may not see it.
    Unseen,
    Warning,
    Problem,
}

/// One thing that was looked at.
#[derive(JsonSchema, Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub check: &'static str,
    pub state: State,
    pub found: String,
    /// What to do.
    pub help: Option<String>,
}

impl Finding {
    fn well(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Well, found: found.into(), help: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, state: State::Warning, found: found.into(), help: Some(help.into()) }
    }

    fn problem(check: &'static str, found: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, state: State::Problem, found: found.into(), help: Some(help.into()) }
    }

    /// What could not be found out: nothing bad is known, and nothing good.
    fn unseen(check: &'static str, refusal: &Refusal) -> Self {
        let found = match refusal.kind {
            RefusalKind::Forbidden => format!("{}: not visible to you", refusal.what),
            _ => format!("{}: {}", refusal.what, refusal.message),
        };
        Self { check, state: State::Unseen, found, help: Some("run it as a cluster administrator".to_owned()) }
    }
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    api_version: &'static str,
    kind: &'static str,
    findings: Vec<Finding>,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (screen, cluster) = args.asked.place.reach().await?;
    let mut limit = std::pin::pin!(tokio::time::sleep(args.wait.to_std().unwrap_or_default()));
    let mut over = args.wait.is_zero();
    let findings = loop {
        let findings = looked_at(&cluster, &args).await?;
        let problem = findings.iter().find(|f| f.state == State::Problem);
        let Some(problem) = problem.filter(|_| !over) else { break findings };
        eprintln!("{}: {}", problem.check, inert(&problem.found));
        tokio::select! {
            () = &mut limit => over = true,
            () = tokio::time::sleep(AGAIN_AFTER) => {}
        }
    };
    let ill = findings.iter().any(|f| f.state == State::Problem);
    let names: Vec<String> =
        findings.iter().filter(|f| f.state == State::Problem).map(|f| f.check.to_owned()).collect();
    let diagnosis = Diagnosis { api_version: VERSION, kind: "Diagnosis", findings };
    let text = match for_programs(&args.asked.output.format, &diagnosis, &names)? {
        Some(text) => text,
        None => drawn(&diagnosis.findings, &screen),
    };
    answer(&text)?;
    Ok(ExitCode::from(u8::from(ill)))
}

/// Everything once.
async fn looked_at(cluster: &Cluster, args: &Args) -> Result<Vec<Finding>, Failure> {
    // Everything else is of no use if nobody answers.
    let version = cluster.api.at("/version").await.map_err(|r| r.told(&cluster.api))?;
    let mut findings = operator::api_server(&version, cluster.api.skew());
    findings.extend(hold::definitions(cluster).await);
    findings.extend(hold::hold(cluster).await);
    findings.extend(operator::running(cluster).await);
    findings.push(operator::stop(cluster).await);
    findings.extend(rights::of_the_operator(cluster).await);
    findings.extend(rights::of_the_person(cluster).await);
    findings.extend(gitops::argo_cd(cluster, &args.argocd_namespace).await);
    findings.extend(gitops::flux(cluster).await);
    Ok(findings)
}

fn drawn(findings: &[Finding], screen: &Screen) -> String {
    let mut out = String::new();
    let width = findings.iter().map(|f| f.check.len()).max().unwrap_or(0);
    let room = screen.width.map_or(usize::MAX, |w| w.saturating_sub(width + 14).max(40));
    for finding in findings {
        let word = match finding.state {
            State::Well => screen.good("ok      "),
            State::Unseen => screen.faint("not seen"),
            State::Warning => screen.wait("warning "),
            State::Problem => screen.bad("PROBLEM "),
        };
        for (n, line) in wrapped(&inert(&finding.found), room).iter().enumerate() {
            let (word, check) = if n == 0 { (word.as_str(), finding.check) } else { ("        ", "") };
            out.push_str(&format!("{word}  {check:<width$}  {line}\n"));
        }
        if let Some(help) = finding.help.as_ref().filter(|_| finding.state != State::Unseen) {
            out.push_str(&format!("{}{} {}\n", " ".repeat(width + 12), screen.arrow(), screen.command(&inert(help))));
        }
    }
    let of = |state: State| findings.iter().filter(|f| f.state == state).count();
    let unseen = of(State::Unseen);
    let not_seen = if unseen == 0 { String::new() } else { format!(", {} not visible to you", count(unseen, "check")) };
    out.push_str(&format!(
        "\n{}, {}{not_seen}\n",
        count(of(State::Problem), "problem"),
        count(of(State::Warning), "warning")
    ));
    out
}
