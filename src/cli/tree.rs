//! `rollcall tree`: a release, its waves, its steps, and the workloads they let go.

use std::collections::BTreeMap;
use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;

use super::asked::Asked;
use super::cluster::read;
use super::screen::output::{VERSION, for_programs};
use super::screen::text::{count, cut, inert};
use super::screen::{Format, Screen};
use super::why::chain;
use super::{Failure, answer, completion};

/// Show a release as a tree: waves, steps, who owns them, and where each stands.
///
/// A step stands one wave after the last step that it depends on; steps of a wave may run side by side.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The release: NAME or NAMESPACE/NAME.
    #[arg(value_name = "RELEASE", add = completion::releases())]
    release: String,
    /// One line per step, without what it waits for.
    #[arg(long)]
    compact: bool,
    #[command(flatten)]
    asked: Asked,
}

/// The tree as data.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tree {
    api_version: &'static str,
    kind: &'static str,
    release: String,
    waves: Vec<Vec<Leaf>>,
}

/// One step.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leaf {
    step: String,
    state: String,
    /// `Deployment namespace/name`, `wait 5m`, or a person's task.
    work: String,
    /// `namespace/name`; nobody's for a wait.
    team: Option<String>,
    after: Vec<String>,
    /// What it waits for, or how far it is.
    says: Vec<String>,
}

pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (screen, cluster) = args.asked.place.reach().await?;
    let release = read::release(&cluster, &cluster.named(&args.release)).await?;
    let examined = read::examine(&cluster, release, None).await?.or_as_reported();
    let tree = Tree {
        api_version: VERSION,
        kind: "Tree",
        release: examined.release.meta.key.to_string(),
        waves: waves(&examined),
    };
    let names: Vec<String> = tree.waves.iter().flatten().map(|leaf| leaf.step.clone()).collect();
    match for_programs(&args.asked.output.format, &tree, &names)? {
        Some(text) => answer(&text),
        None => answer(&drawn(&tree, &screen, args.compact, args.asked.output.format == Format::Wide)),
    }
}

fn waves(examined: &read::Examined) -> Vec<Vec<Leaf>> {
    let spec = &examined.release.spec;
    let mut level: BTreeMap<&str, usize> = BTreeMap::new();
    let mut waves: Vec<Vec<Leaf>> = Vec::new();
    // Each round places what depends only on what is placed: a plan that goes round in circles places no more.
    for _ in 0..spec.steps.len() {
        for step in &spec.steps {
            if level.contains_key(step.name.as_str()) {
                continue;
            }
            let before: Option<Vec<usize>> = step.depends_on.iter().map(|d| level.get(d.as_str()).copied()).collect();
            if let Some(before) = before {
                level.insert(&step.name, before.iter().max().map_or(0, |l| l + 1));
            }
        }
    }
    for step in &spec.steps {
        let n = level.get(step.name.as_str()).copied().unwrap_or(0);
        while waves.len() <= n {
            waves.push(Vec::new());
        }
        waves[n].push(leaf(examined, step));
    }
    waves
}

fn leaf(examined: &read::Examined, step: &crate::api::release::Step) -> Leaf {
    let view = examined.sound.as_ref().and_then(|(_, d)| d.steps.iter().find(|v| v.name == step.name));
    let team = chain::team_of(&examined.release.spec, &step.name);
    let namespace = team.as_deref().and_then(|t| t.split('/').next()).unwrap_or_default();
    let work = match (&step.workload, &step.wait, &step.task) {
        (Some(workload), ..) => format!("{} {namespace}/{}", workload.kind.as_str(), workload.name),
        (None, Some(wait), _) => format!("wait {wait}"),
        (None, None, task) => format!("task: {}", task.as_deref().unwrap_or_default()),
    };
    let status = examined.release.status.steps.iter().find(|s| s.name == step.name);
    let recorded = status.map(|s| s.state.clone());
    let own = examined.blockers.iter().filter(|b| b.said.step.as_ref() == Some(&step.name));
    let mut says: Vec<String> = own.map(|b| format!("{} {}", b.said.code, b.said.message)).collect();
    says.extend(view.map(|v| v.note.clone()).filter(|note| !note.is_empty()));
    Leaf {
        step: step.name.clone(),
        state: view.map(|v| v.state.as_str().to_owned()).or(recorded).unwrap_or_else(|| "Unknown".to_owned()),
        work,
        team,
        after: step.depends_on.clone(),
        says,
    }
}

fn drawn(tree: &Tree, screen: &Screen, compact: bool, wide: bool) -> String {
    let leaves = || tree.waves.iter().flatten();
    let width = |of: &dyn Fn(&Leaf) -> usize| leaves().map(of).max().unwrap_or(0);
    let (step, work) = (width(&|l| inert(&l.step).chars().count()), width(&|l| inert(&l.work).chars().count()));
    let [fork, last, pipe, none] = screen.strokes();
    let mut out =
        format!("{} {}\n", screen.strong(&inert(&tree.release)), screen.faint(&count(leaves().count(), "step")));
    for (n, wave) in tree.waves.iter().enumerate() {
        let end = n + 1 == tree.waves.len();
        out.push_str(&format!("{}wave {}\n", if end { last } else { fork }, n + 1));
        let margin = if end { none } else { pipe };
        for (m, leaf) in wave.iter().enumerate() {
            let end = m + 1 == wave.len();
            let state = screen.by_state(&leaf.state, &format!("{:<11}", inert(&leaf.state)));
            let after = if wide && !leaf.after.is_empty() {
                format!("  after {}", leaf.after.join(", "))
            } else {
                String::new()
            };
            let line = format!(
                "{margin}{}{} {:step$}  {state}  {:work$}  {}{after}",
                if end { last } else { fork },
                screen.sign(&leaf.state),
                inert(&leaf.step),
                inert(&leaf.work),
                inert(leaf.team.as_deref().unwrap_or("-")),
            );
            out.push_str(line.trim_end());
            out.push('\n');
            let below = format!("{margin}{}", if end { none } else { pipe });
            for says in leaf.says.iter().filter(|_| !compact) {
                let room = screen.width.map_or(usize::MAX, |w| w.saturating_sub(below.chars().count() + 2));
                out.push_str(&format!("{below}  {}\n", screen.faint(&cut(&inert(says), room))));
            }
        }
    }
    out
}
