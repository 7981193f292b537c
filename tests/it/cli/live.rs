//! The command through kubectl itself, on a real control plane: the README's tour, followed to the letter.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use control_plane::ControlPlane;
use tokio::process::Command;

use crate::support::Done;

const HEADING: &str = "## A release in five minutes";

/// The commands of the tour, fence by fence, with continuation lines joined.
fn tour() -> Done<Vec<Vec<String>>> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))?;
    let section = readme.split(HEADING).nth(1).ok_or("the README has no tour")?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut fences = Vec::new();
    for fence in section.split("```console\n").skip(1) {
        let text = fence.split("\n```").next().unwrap_or_default().replace("\\\n", "");
        fences.push(text.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect());
    }
    Ok(fences)
}

/// A shell in which everything is on the PATH that the tour takes to be there.
struct Shell {
    folder: PathBuf,
    kubeconfig: PathBuf,
    path: String,
}

impl Shell {
    fn at(plane: &ControlPlane) -> Done<Self> {
        let folder = plane.dir().join("tour");
        std::fs::create_dir_all(folder.join("bin"))?;
        let admin = plane.admin()?;
        let kubectl = plane.kubectl(&admin).program().to_owned();
        let rollcall = PathBuf::from(env!("CARGO_BIN_EXE_rollcall"));
        for (name, program) in [
            ("rollcall", &rollcall),
            ("kubectl-rollcall", &rollcall),
            ("kubectl_complete-rollcall", &rollcall),
            ("kubectl", &kubectl),
        ] {
            std::os::unix::fs::symlink(program, folder.join("bin").join(name))?;
        }
        // The tour may change its kubeconfig, the other tests' must stay.
        let kubeconfig = folder.join("kubeconfig");
        std::fs::copy(admin.kubeconfig_path(), &kubeconfig)?;
        let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap_or_default());
        Ok(Self { folder, kubeconfig, path })
    }

    /// Runs commands one after the other, each told with what it said and how it ended.
    async fn run(&self, commands: &[String]) -> Done<String> {
        let mut script = String::from("trap 'kill $(jobs -p) 2>/dev/null' EXIT\n");
        for command in commands {
            let quoted = command.replace('\'', "'\\''");
            script.push_str(&format!("printf '%s\\n' '$ {quoted}'\n{command}\nprintf '[exit %s]\\n' \"$?\"\n"));
        }
        let told = self.folder.join("told");
        let out = std::fs::File::create(&told)?;
        let mut child = Command::new("bash")
            .arg("-c")
            .arg(script)
            .env("PATH", &self.path)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", &self.folder)
            .env("TMPDIR", &self.folder)
            .env("KUBERC", "off")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .kill_on_drop(true)
            .spawn()?;
        let ended = tokio::time::timeout(std::time::Duration::from_secs(600), child.wait()).await;
        let said = std::fs::read_to_string(&told)?;
        ended.map_err(|_| format!("it does not end:\n{said}"))??;
        Ok(said)
    }
}

/// How a command of the transcript ended.
fn ended(said: &str, command: &str) -> Option<String> {
    let after = said.split(&format!("$ {command}")).nth(1)?;
    let code = after.split("[exit ").nth(1)?.split(']').next()?;
    Some(code.to_owned())
}

/// On a busy machine a new kind is established and not yet served; whoever types is slower than that.
const SERVED: &str = "timeout 120 bash -c 'until kubectl get dw,tr,crel -A >/dev/null 2>&1; do sleep 0.2; done'";

/// What the tour does not show, asked where it has come to.
const MORE: [&str; 8] = [
    "kubectl rollcall why tour --namespace=tour",
    "kubectl __complete rollcall why -n tour ''",
    "kubectl rollcall owed -A",
    "kubectl rollcall events tour -n tour",
    "kubectl get tr data -n tour -o 'jsonpath={.spec.signOffs[0].by}'",
    "kubectl rollcall status -A",
    "kubectl rollcall status tour -n tour --as nobody",
    "kubectl rollcall why toor -n tour",
];

/// What people decide, on releases of their own.
const DECIDED: [&str; 23] = [
    r#"kubectl patch tr web -n tour --type=json -p '[{"op":"add","path":"/spec/allow/0/actions/-","value":"Rollback"}]'"#,
    "kubectl apply --server-side -f tests/it/cli/live-next.yaml",
    "kubectl rollcall wait next -n tour --for condition=Accepted --timeout 2m",
    "NEXT=\"$(kubectl rollcall why next -n tour -o jsonpath='{.digest}')\"",
    "kubectl rollcall ready tour/data -r tour/next --revision \"$NEXT\"",
    "kubectl rollcall ready tour/web -r tour/next --revision \"$NEXT\"",
    "kubectl rollcall done call -r tour/next --revision \"$NEXT\" --note 'they know'",
    "kubectl rollcall wait next -n tour --for finished --timeout 5m",
    "kubectl rollcall rollback tour/next --reason 'orders are lost' --yes",
    "kubectl rollcall wait next -n tour --timeout 5m",
    "kubectl rollcall status next -n tour -w",
    "kubectl get deployment web -n tour -o 'jsonpath={.spec.template.spec.containers[0].image}'",
    "kubectl rollcall rollback tour/next --reason 'once more' --yes",
    "kubectl rollcall tree next -n tour --ascii",
    "kubectl rollcall hold never -n tour",
    "kubectl rollcall why never -n tour -q",
    "kubectl rollcall resume never -n tour",
    "kubectl rollcall override never -n tour --skip Window --reason outage --ticket INC-7 --for 1h --yes",
    "kubectl rollcall cancel never -n tour --reason 'not this week' --yes",
    "kubectl rollcall wait never -n tour --timeout 2m",
    "kubectl rollcall why tour/never",
    "kubectl rollcall explain RC093",
    "kubectl rollcall plan -f tests/it/cli/live-next.yaml --at 2027-01-12T07:00:00Z",
];

/// Which of these have another answer than yes: what was rolled back or cancelled did not finish.
fn no(command: &str) -> bool {
    [
        "kubectl rollcall wait next -n tour --timeout 5m",
        "kubectl rollcall rollback tour/next --reason 'once more' --yes",
        "kubectl rollcall why never -n tour -q",
        "kubectl rollcall wait never -n tour --timeout 2m",
    ]
    .contains(&command)
        // What it is asked for stands in an answer that says no.
        || command.starts_with("NEXT=")
}

/// What is said on the way.
const SAID: [&str; 23] = [
    "release tour/tour: 2 steps in 2 waves",
    "tour/tour cannot start. 3 blockers.",
    "No resources found in tour namespace.",
    "Job tour/migrate (yours)",
    "+ image web=registry.k8s.io/pause:3.10",
    "signed Go as lead by",
    "tour/tour: finished, 2/2 steps done",
    "let go by",
    "now        held",
    "came back held",
    "3 definitions installed, of this version",
    "0 problems",
    "tour/tour is done: all 2 steps.",
    "StepReleased",
    "did you mean tour?",
    "tour/next: finished, 2/2 steps done",
    "tour/next has ended. Asked for, it is live again and goes back, the last step first:",
    "error: tour/next: it has ended: RolledBack",
    "registry.k8s.io/pause:3.10[exit 0]",
    "error: tour/next has been rolled back already",
    "tour/never is held: no further step starts.",
    "tour/never is cancelled",
    "error: tour/never: it has ended: Cancelled",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_readme_goes_to_the_letter_and_kubectl_knows_the_plugin() -> Done {
    let fences = tour()?;
    let plane = ControlPlane::start().await?;
    let shell = Shell::at(&plane)?;
    let mut commands: Vec<String> = fences.concat();
    let cleanup = commands.split_off(commands.len() - fences.last().map_or(0, Vec::len));
    if let Some(established) = commands.iter().position(|c| c.starts_with("kubectl wait --for=condition=Established")) {
        commands.insert(established + 1, SERVED.to_owned());
    }
    let asked: Vec<String> =
        commands.iter().cloned().chain(MORE.iter().chain(&DECIDED).map(|c| (*c).to_owned())).chain(cleanup).collect();
    let said = shell.run(&asked).await?;
    for command in &asked {
        let blocked = command.contains("kubectl rollcall why tour -n tour");
        let expected = match command.as_str() {
            // Blocked is an answer, and so is "not yours to see", and "no such name".
            _ if blocked => "1",
            "kubectl rollcall status tour -n tour --as nobody" => "4",
            "kubectl rollcall why toor -n tour" => "3",
            command if no(command) => "1",
            _ => "0",
        };
        assert_eq!(ended(&said, command).as_deref(), Some(expected), "{command}\n\n{said}");
    }
    for words in SAID {
        assert!(said.contains(words), "{words}\n\n{said}");
    }
    let completed = said.split("$ kubectl __complete rollcall").nth(1).and_then(|t| t.split("[exit").next());
    assert!(completed.is_some_and(|c| c.lines().any(|line| line == "tour") && c.contains(":4")), "{completed:?}");
    Ok(())
}
