//! How long `rollcall plan` takes on a repository of 300 manifests, against what parsing the same files alone takes.
//!
//! `cargo bench --bench plan`. The ratio says more than the milliseconds: it does not depend on the machine.

#![allow(clippy::disallowed_methods, reason = "this measures")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

const MANIFESTS: usize = 300;
const RUNS: usize = 21;
/// What the answer may take in a release build.
const LIMIT: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("rollcall-bench-plan-{}", std::process::id()));
    let files = repository(&folder).expect("a folder that can be written");
    let plan = median(|| {
        let out = Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .args(["plan", "--at", "2027-01-12T07:00:00Z", "-o", "json", "-f"])
            .arg(&folder)
            .output()
            .expect("the command runs");
        assert_eq!(
            out.status.code(),
            Some(0),
            "{}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
    });
    let parse = median(|| {
        for file in &files {
            let text = std::fs::read_to_string(file).expect("a file");
            let value: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
            assert!(value.is_object());
        }
    });
    let start = median(|| {
        assert!(
            Command::new(env!("CARGO_BIN_EXE_rollcall")).arg("version").output().expect("it runs").status.success()
        );
    });
    let ratio = plan.as_secs_f64() / parse.as_secs_f64();
    println!(
        "plan of {} manifests: {:.1} ms; parsing them: {:.1} ms; ratio {ratio:.1}; starting the program: {:.1} ms",
        files.len(),
        plan.as_secs_f64() * 1e3,
        parse.as_secs_f64() * 1e3,
        start.as_secs_f64() * 1e3
    );
    let _ = std::fs::remove_dir_all(&folder);
    if plan <= LIMIT {
        ExitCode::SUCCESS
    } else {
        eprintln!("more than {LIMIT:?}");
        ExitCode::FAILURE
    }
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    took.sort();
    took[RUNS / 2]
}

/// A repository as a company of twenty teams has it: namespaces, teams, windows, releases and workloads.
fn repository(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut write = |name: String, text: String| -> std::io::Result<()> {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(&path, text)?;
        files.push(path);
        Ok(())
    };
    for n in 0..20 {
        write(
            format!("team{n}/namespace.yaml"),
            format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: team{n}, labels: {{tier: prod}}}}\n"),
        )?;
        let workloads: String = (0..10).map(|w| format!("  - {{kind: Deployment, name: app{w}}}\n")).collect();
        write(
            format!("team{n}/team.yaml"),
            format!(
                "apiVersion: rollcall.dev/v1alpha1\nkind: TeamReadiness\nmetadata: {{name: team, namespace: team{n}}}\nspec:\n  workloads:\n{workloads}  allow: [{{namespace: releases, actions: [Hold, Release, Rollback]}}]\n  signOff: {{required: [{{role: lead}}]}}\n  capacity: {{parallelSteps: 2}}\n"
            ),
        )?;
        for w in 0..10 {
            write(
                format!("team{n}/app{w}.yaml"),
                format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app{w}\n  namespace: team{n}\n  labels: {{rollcall.dev/gate: team}}\nspec:\n  replicas: 3\n  selector: {{matchLabels: {{app: app{w}}}}}\n  template:\n    metadata: {{labels: {{app: app{w}}}}}\n    spec:\n      containers:\n      - name: app\n        image: registry.example/app{w}:2\n        resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}\n"
                ),
            )?;
        }
    }
    for n in 0..20 {
        write(format!("windows/w{n}.yaml"), window(n))?;
    }
    for n in 0..40 {
        let (a, b) = (n % 20, (n + 7) % 20);
        let app = n / 20 * 3;
        let steps: String = [("a", a, app), ("b", b, app + 1), ("a", a, app + 2)]
            .iter()
            .enumerate()
            .map(|(s, (p, _, app))| {
                let after = if s == 0 { String::new() } else { format!(", dependsOn: [s{}]", s - 1) };
                format!("  - {{name: s{s}, participant: {p}, workload: {{kind: Deployment, name: app{app}}}, estimate: 10m, soak: 5m{after}}}\n")
            })
            .collect();
        write(
            format!("releases/r{n}.yaml"),
            format!(
                "apiVersion: rollcall.dev/v1alpha1\nkind: CoordinatedRelease\nmetadata: {{name: r{n}, namespace: releases}}\nspec:\n  participants:\n  - {{name: a, team: {{namespace: team{a}, name: team}}, responsibility: Watch it}}\n  - {{name: b, team: {{namespace: team{b}, name: team}}, responsibility: Watch it too}}\n  steps:\n{steps}"
            ),
        )?;
    }
    assert_eq!(files.len(), MANIFESTS, "as many as are promised");
    Ok(files)
}

/// A window of the platform; the first one freezes the end of the year.
fn window(n: usize) -> String {
    let kind = if n == 0 { "Freeze" } else { "Allow" };
    let schedule = if n == 0 {
        "{name: year-end, dates: {from: \"2027-12-18T16:00:00\", until: \"2028-01-04T06:00:00\"}}"
    } else {
        "{name: office, weekly: {days: [Mon-Thu], from: \"09:00\", until: \"16:00\"}}"
    };
    format!(
        "apiVersion: rollcall.dev/v1alpha1\nkind: DeploymentWindow\nmetadata: {{name: w{n}, namespace: rollcall-system}}\nspec:\n  type: {kind}\n  timeZone: Europe/Berlin\n  reason: Office hours\n  namespaceSelector: {{matchLabels: {{tier: prod}}}}\n  schedule:\n  - {schedule}\n"
    )
}
