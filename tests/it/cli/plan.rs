//! `rollcall plan`: stories as transcripts.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::story;
use crate::support::Done;

const HERE: &str = "tests/it/cli";
/// Tuesday, in the morning.
const AT: &str = "2027-01-12T07:00:00Z";

/// Runs the command from the top of the repository, so that transcripts name no machine's paths.
fn run(args: &[&str], stdin: &[u8]) -> Done<String> {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), args, stdin)
}

/// In a zone and at an instant that are the same on every machine.
fn run_in(folder: &Path, args: &[&str], stdin: &[u8]) -> Done<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .arg("plan")
        .args(args)
        .args(["--at", AT])
        .env("TZ", "Europe/Berlin")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut pipe = child.stdin.take().ok_or("no stdin")?;
    // It may end without having read everything; its answer then tells.
    let _ = pipe.write_all(stdin);
    drop(pipe);
    let out = child.wait_with_output()?;
    Ok(format!(
        "$ rollcall plan {}\n{}{}[exit {}]\n",
        args.join(" "),
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr),
        out.status.code().unwrap_or(-1)
    ))
}

#[test]
fn a_clean_set_shows_its_waves_and_the_windows_of_each_step() -> Done {
    let folder = format!("{HERE}/manifests/clean.yaml");
    let once = run(&["-f", &folder], b"")?;
    assert_eq!(once, run(&["-f", &folder], b"")?, "the same input gives the same bytes");
    story("clean", &once)?;
    story("clean-json", &run(&["-f", &folder, "-o", "json"], b"")?)
}

#[test]
fn faults_are_told_with_file_line_object_and_field() -> Done {
    story("faults", &run(&["-f", &format!("{HERE}/manifests/faults.yaml")], b"")?)
}

#[test]
fn what_only_several_objects_show_is_a_conflict_or_a_note() -> Done {
    story("conflicts", &run(&["-f", &format!("{HERE}/manifests/conflicts.yaml")], b"")?)
}

#[test]
fn standard_input_may_be_json() -> Done {
    let window = br#"{"apiVersion": "rollcall.dev/v1alpha1", "kind": "DeploymentWindow", "metadata": {"name": "w", "namespace": "a"},
        "spec": {"type": "Allow", "timeZone": "Europe/Berln", "schedule": []}}"#;
    story("stdin", &run(&["-f", "-"], window)?)
}

#[test]
fn what_cannot_be_read_is_named() -> Done {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let ten = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{ten}]\n"));
    }
    let all = [
        run(&["-f", "no/such/folder"], b"")?,
        run(&["-f", "-"], b"")?,
        run(&["-f", "-"], b"# only a comment\n---\n")?,
        run(&["-f", "-"], b"\x7fELF\xff\xfe\x00")?,
        run(&["-f", "-"], b"a: [1, 2\nb: }\n")?,
        run(&["-f", "-"], bomb.as_bytes())?,
        run(&["-f", "-"], "[".repeat(100_000).as_bytes())?,
        run(&["-f", &format!("{HERE}/transcripts")], b"")?,
    ];
    assert!(all.iter().all(|said| said.ends_with("[exit 3]\n")), "{all:#?}");
    story("unreadable", &all.join("\n"))
}

#[test]
fn a_call_that_names_nothing_is_wrong_usage() -> Done {
    let said = run(&[], b"")?;
    assert!(said.ends_with("[exit 2]\n"), "{said}");
    Ok(())
}

#[test]
fn releases_that_want_the_same_are_told_with_what_comes_of_it() -> Done {
    story("rivals", &run(&["-f", &format!("{HERE}/manifests/rivals.yaml")], b"")?)
}

/// As `kubectl get crel -A -o yaml` prints them: what has ended claims nothing, and has no course any more.
#[test]
fn a_release_that_has_ended_is_no_rival() -> Done {
    let release = |name: &str, status: &str| {
        format!(
            "---\napiVersion: rollcall.dev/v1alpha1\nkind: CoordinatedRelease\nmetadata: {{name: {name}, namespace: rel}}\nspec: {{participants: \
             [{{name: t, team: {{namespace: a, name: t}}, responsibility: all}}], steps: [{{name: s, participant: t, workload: {{kind: \
             Deployment, name: d}}}}]}}\n{status}"
        )
    };
    let next = release("next", "");
    let rival = "RC015: CoordinatedRelease rel/next";
    let said = run(&["-f", "-"], format!("{}{next}", release("last", "")).as_bytes())?;
    assert!(said.contains(rival) && said.ends_with("[exit 1]\n"), "without a status it is under way: {said}");
    let said = run(&["-f", "-"], format!("{}{next}", release("last", "status: {finished: false}\n")).as_bytes())?;
    assert!(said.contains(rival), "{said}");
    let said = run(&["-f", "-"], format!("{}{next}", release("last", "status:\n  finished: true\n")).as_bytes())?;
    assert!(!said.contains("RC015") && said.ends_with("[exit 0]\n"), "{said}");
    let note =
        "stdin:7: note: CoordinatedRelease rel/last: status.finished: has ended, so it is no rival and has no course";
    assert!(said.contains(note), "{said}");
    Ok(())
}

#[test]
fn each_form_of_the_answer_is_kept() -> Done {
    let rivals = format!("{HERE}/manifests/rivals.yaml");
    let faults = format!("{HERE}/manifests/faults.yaml");
    for form in ["markdown", "junit", "sarif", "github", "ics", "svg"] {
        let said = run(&["-f", &rivals, "-f", &faults, "-o", form], b"")?;
        assert_eq!(said, run(&["-f", &rivals, "-f", &faults, "-o", form], b"")?, "the same input gives the same bytes");
        story(&format!("plan-{form}"), &said)?;
    }
    Ok(())
}

#[test]
fn ten_annotations_are_shown_and_the_others_counted() -> Done {
    let mut many = String::new();
    for n in 0..14 {
        many.push_str(&format!(
            "---\n{{apiVersion: rollcall.dev/v1alpha1, kind: DeploymentWindow, metadata: {{name: w{n}, namespace: a}}, spec: {{type: Allow}}}}\n"
        ));
    }
    let said = run(&["-f", "-", "-o", "github"], many.as_bytes())?;
    assert_eq!(said.lines().filter(|line| line.starts_with("::")).count(), 10, "{said}");
    assert!(said.contains("\nand ") && said.ends_with("[exit 1]\n"), "{said}");
    Ok(())
}

#[test]
fn what_a_change_moves_is_told_against_its_base() -> Done {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("plan-base-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("deploy"))?;
    let git = |args: &[&str]| -> Done {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        let done = Command::new("git").current_dir(&folder).args(who).args(args).output()?;
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    };
    let file = folder.join("deploy/release.yaml");
    let before =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(HERE).join("manifests/rivals.yaml"))?;
    std::fs::write(&file, &before)?;
    git(&["init", "--quiet"])?;
    git(&["add", "."])?;
    git(&["commit", "--quiet", "-m", "before"])?;
    let after = before.replace("days: [Tue, Thu]", "days: [Mon, Wed, Fri]").replace("estimate: 70m", "estimate: 30m");
    std::fs::write(&file, after)?;
    let said = [
        run_in(&folder, &["-f", "deploy", "--base", "HEAD"], b"")?,
        run_in(&folder, &["-f", "deploy/release.yaml", "--base", "main", "-o", "markdown"], b"")?,
        run_in(&folder, &["-f", "deploy", "--base", "no-such-branch"], b"")?,
        run_in(&folder, &["-f", "-", "--base", "HEAD"], before.as_bytes())?,
        run_in(&folder, &["-f", "deploy", "--base=--output=/tmp/x"], b"")?,
    ];
    std::fs::remove_dir_all(&folder)?;
    story("plan-base", &said.join("\n"))
}

#[test]
fn a_list_of_objects_is_read_as_its_objects() -> Done {
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: rollcall.dev/v1alpha1\n  kind: DeploymentWindow\n  metadata: {name: w, namespace: a}\n  spec: {type: Never, timeZone: UTC}\n";
    let said = run(&["-f", "-"], list.as_bytes())?;
    assert!(said.contains("stdin:7: fault RC034: DeploymentWindow a/w: spec.type"), "{said}");
    Ok(())
}
