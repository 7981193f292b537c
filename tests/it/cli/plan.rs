//! `rollcall plan`: stories as transcripts.

use std::io::Write;
use std::process::{Command, Stdio};

use super::story;
use crate::support::Done;

const HERE: &str = "tests/it/cli";

/// Runs the command from the top of the repository, so that transcripts name no machine's paths.
fn run(args: &[&str], stdin: &[u8]) -> Done<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .arg("plan")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
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
