//! `rollcall completion`: the shell knows the commands, and the names that the cluster has now.

use std::ffi::OsStr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args as _;
use clap_complete::CompletionCandidate;
use clap_complete::engine::{ArgValueCompleter, complete};
use clap_complete::env::EnvCompleter;

use super::cluster::{Cluster, ClusterArgs};
use super::{Failure, answer};
use crate::cluster::writes::{NAMESPACES, RELEASES, Resource, TEAMS};
use crate::domain::scheduling::CODES;

/// The variable by which the shell's script asks for candidates.
pub const VARIABLE: &str = "ROLLCALL_COMPLETE";
/// Under this name the program is what kubectl asks for candidates of its plugin.
pub const SHIM: &str = "kubectl_complete-rollcall";
/// Nobody waits longer for a list of names than they need to type one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Print a script that teaches a shell to complete commands and live names.
///
/// bash:  source <(rollcall completion bash)
/// zsh:   source <(rollcall completion zsh)
/// fish:  rollcall completion fish | source
///
/// For `kubectl rollcall <TAB>` link the program under the name kubectl_complete-rollcall into your PATH.
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let shell: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &clap_complete::env::Bash,
        Shell::Zsh => &clap_complete::env::Zsh,
        Shell::Fish => &clap_complete::env::Fish,
    };
    let program = std::env::current_exe().unwrap_or_else(|_| "rollcall".into()).display().to_string();
    let mut script = Vec::new();
    for name in ["rollcall", "kubectl-rollcall"] {
        shell
            .write_registration(VARIABLE, name, name, &program, &mut script)
            .map_err(|e| Failure::unreachable(e, "this is a bug: please report it"))?;
    }
    answer(&String::from_utf8_lossy(&script))
}

/// Answers kubectl, which asks as it asks its own commands: a candidate a line, then what else to do.
pub fn shim(mut command: clap::Command, words: Vec<std::ffi::OsString>) -> ExitCode {
    /// Offer no files.
    const NO_FILES: &str = ":4";
    let mut args = vec!["kubectl-rollcall".into()];
    args.extend(words);
    let last = args.len() - 1;
    let found = complete(&mut command, args, last.max(1), None).unwrap_or_default();
    let mut text: String = found
        .iter()
        .map(|candidate| {
            let help = candidate.get_help().map(|h| format!("\t{h}")).unwrap_or_default();
            format!("{}{help}\n", candidate.get_value().to_string_lossy())
        })
        .collect();
    text.push_str(NO_FILES);
    text.push('\n');
    match answer(&text) {
        Ok(code) => code,
        Err(failure) => ExitCode::from(failure.code),
    }
}

/// Names of releases in the namespace that the command line names so far.
pub fn releases() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| names(typed, RELEASES))
}

/// Names of teams.
pub fn teams() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| names(typed, TEAMS))
}

/// Names of namespaces.
pub fn namespaces() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| names(typed, NAMESPACES))
}

/// Codes of blockers.
pub fn codes() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let typed = typed.to_string_lossy().to_uppercase();
        let all = CODES.iter().map(|(code, _, meaning)| (code.to_string(), *meaning));
        let fitting = all.filter(|(code, _)| code.starts_with(&typed));
        fitting.map(|(code, meaning)| CompletionCandidate::new(code).help(Some(meaning.into()))).collect()
    })
}

/// Live names that begin as typed. Whatever goes wrong, the answer is no names: a completion never complains.
fn names(typed: &OsStr, resource: Resource) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy().into_owned();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let asked = async {
        let cluster = Cluster::find(&chosen(std::env::args().collect())).await.ok()?;
        let (scope, prefix) = match typed.split_once('/') {
            Some((namespace, _)) => (namespace.to_owned(), format!("{namespace}/")),
            None if resource == NAMESPACES => (String::new(), String::new()),
            None => (cluster.namespace.clone(), String::new()),
        };
        let found = cluster.api.list(resource, &scope, "").await.ok()?;
        let names = found.iter().filter_map(|o| Some(format!("{prefix}{}", o["metadata"]["name"].as_str()?)));
        Some(names.filter(|name| name.starts_with(&typed)).take(200).collect::<Vec<_>>())
    };
    let found = runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await });
    found.ok().flatten().unwrap_or_default().into_iter().map(CompletionCandidate::new).collect()
}

/// The cluster that the words typed so far choose.
fn chosen(words: Vec<String>) -> ClusterArgs {
    let command = ClusterArgs::augment_args(clap::Command::new("words"));
    let known: Vec<String> = command
        .get_arguments()
        .flat_map(|a| [a.get_long().map(|l| format!("--{l}")), a.get_short().map(|s| format!("-{s}"))])
        .flatten()
        .collect();
    let mut chosen = vec!["words".to_owned()];
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let flag = word.split('=').next().unwrap_or_default();
        if known.iter().any(|k| k == flag) {
            let inline = word.contains('=');
            chosen.push(word);
            chosen.extend(words.next().filter(|_| !inline));
        }
    }
    let parsed = command.ignore_errors(true).try_get_matches_from(chosen).ok();
    parsed.and_then(|m| <ClusterArgs as clap::FromArgMatches>::from_arg_matches(&m).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_is_the_one_that_the_words_so_far_choose() {
        let words = ["rollcall", "why", "-n", "shop", "--context=prod", "ch"].map(str::to_owned);
        let chosen = chosen(words.to_vec());
        assert_eq!((chosen.namespace.as_deref(), chosen.context.as_deref()), (Some("shop"), Some("prod")));
        assert_eq!(chosen.operator_namespace, "rollcall-system");
    }

    #[test]
    fn codes_are_completed_however_they_are_typed() {
        let found =
            complete(&mut crate::cli::command(), vec!["rollcall".into(), "explain".into(), "rc05".into()], 2, None);
        let found = found.expect("candidates");
        assert!(found.iter().any(|c| c.get_value() == "RC051"), "{found:?}");
    }
}
