//! What to try next, with files that lie ready.

use std::path::Path;

use rollcall::manifests::to_yaml;
use serde_json::{Value, json};

use crate::screen::{Paint, Screen};
use crate::stage::Stage;
use crate::story::{RELEASE, paced};
use crate::support::{Done, shop};

/// Writes the files and prints what can be done with them.
pub fn offer(stage: &Stage, screen: &mut Screen) -> Done {
    let dir = stage.installed.plane.dir();
    for (name, objects) in [
        ("freeze.yaml", vec![freeze()]),
        ("release-3.yaml", vec![shop::release("next")]),
        ("version-3.yaml", paced(shop::manifests("3"))),
    ] {
        std::fs::write(dir.join(name), to_yaml(&objects))?;
    }
    let style = screen.style();
    screen.print("");
    screen.print(&style.paint(Paint::Bold, "  The cluster is yours until ctrl-c. In another terminal:"));
    screen.print("");
    let kubeconfig = stage.installed.admin.kubeconfig_path();
    screen.print(&format!("  export KUBECONFIG={}", kubeconfig.display()));
    if let Ok(programs) = control_plane::cache::Programs::find(None) {
        screen.print(&format!("  export PATH={}:$PATH", programs.dir().display()));
    }
    screen.print(&format!("  cd {}", dir.display()));
    for (what, commands) in things_to_try() {
        screen.print("");
        screen.print(&style.paint(Paint::Faint, &format!("  # {what}")));
        for command in commands {
            screen.print(&format!("  {command}"));
        }
    }
    screen.print("");
    screen.print(&format!("  The operator logs to {}", log(stage).display()));
    Ok(())
}

fn log(stage: &Stage) -> &Path {
    &stage.operator.log
}

/// A Freeze that is in force whenever somebody tries it.
fn freeze() -> Value {
    let mut freeze = shop::always_open();
    freeze["metadata"]["name"] = json!("quiet-days");
    freeze["spec"]["type"] = json!("Freeze");
    freeze["spec"]["reason"] = json!("Quiet days: ask the platform team");
    freeze
}

fn things_to_try() -> Vec<(&'static str, Vec<String>)> {
    let sign = "kubectl patch tr data -n data --type=merge --as=dana --as-group=team-data -p \\\n    '{\"spec\":{\"signOffs\":[{\"release\":\"releases/next\",\"role\":\"lead\",\"decision\":\"Go\",\"digest\":\"'$DIGEST'\"}]}}'";
    let all = |commands: &[&str]| commands.iter().map(|c| (*c).to_owned()).collect();
    vec![
        (
            "1. Everything rollcall knows, and the release that you have just seen",
            vec![
                "kubectl get crel,tr,dw -A".to_owned(),
                format!("kubectl describe crel {RELEASE} -n releases"),
            ],
        ),
        (
            "2. Freeze everything, then change an image: stored, held, and you are told why",
            all(&[
                "kubectl apply -f freeze.yaml",
                "kubectl set image -n core deployment/api api=registry.example/api:2.1",
                "kubectl get deployment api -n core -o wide\n  kubectl describe tr core -n core",
            ]),
        ),
        (
            "3. End the freeze: the change goes out by itself",
            all(&[
                "kubectl delete -f freeze.yaml",
                "kubectl rollout status -n core deployment/api",
            ]),
        ),
        (
            "4. A release of your own, paused; all of version 3 at once",
            all(&[
                "kubectl apply -f release-3.yaml",
                "kubectl patch crel next -n releases --type=merge -p '{\"spec\":{\"paused\":true}}'",
                "kubectl delete job ledger-migrate -n data\n  kubectl apply --server-side --force-conflicts -f version-3.yaml",
                "kubectl get crel next -n releases -o jsonpath='{range .status.blockers[*]}{.code}  {.owner}: {.message}{\"\\n\"}{end}'",
            ]),
        ),
        (
            "5. Sign as dana of team data (then as cora of core, and uma of ui), and let it go",
            vec![
                "DIGEST=$(kubectl get crel next -n releases -o jsonpath={.status.digest})".to_owned(),
                sign.to_owned(),
                "kubectl patch crel next -n releases --type=merge -p '{\"spec\":{\"paused\":false}}'\n  kubectl get crel next -n releases -w".to_owned(),
            ],
        ),
        (
            "6. Try to get past the hold: nobody but rollcall releases it",
            all(&["kubectl rollout resume -n ui deployment/web   # while it is held: it says resumed, warns, and stays held"]),
        ),
    ]
}
