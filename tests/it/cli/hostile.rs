//! What somebody may hand the command: names that would move a cursor, more of everything than anybody has, and files
//! that are no manifests. The answer is clear, bounded, and does nothing to a terminal.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::session::Session;
use super::shop::{self, RELEASE};
use crate::support::Done;

/// Colours off, moves the cursor, clears the screen, rings, turns the writing, and breaks the line.
const EVIL: &str = "a\u{1b}[31m\u{1b}[2J\u{7}\u{202e}b\u{2066}c\nd";

fn folder(name: &str) -> Done<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn plan(folder: &Path, args: &[&str]) -> Done<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    Ok(command.arg("plan").arg("-f").arg(folder).args(["--at", "2027-01-12T07:00:00Z"]).args(args).output()?)
}

/// Nothing in it that a terminal would obey.
fn harmless(text: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(text);
    let bad = text.chars().find(|c| {
        c.is_control() && *c != '\n' && *c != '\r' || matches!(*c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    bad.map_or(Ok(()), |c| Err(format!("{c:?} in {text}")))
}

#[test]
fn no_word_in_the_cluster_reaches_the_terminal_as_more_than_letters() -> Done {
    let mut known = shop::shop()?;
    let release = known.objects.get_mut(RELEASE).ok_or("no release")?;
    release["spec"]["participants"][0]["responsibility"] = EVIL.into();
    release["spec"]["owner"]["name"] = EVIL.into();
    release["status"]["blockers"][0]["message"] = EVIL.into();
    release["status"]["conditions"][0]["reason"] = EVIL.into();
    let team = known.objects.get_mut(&shop::team_path("core")).ok_or("no team")?;
    team["spec"]["contact"]["ask"] = EVIL.into();
    team["spec"]["signOffs"][0]["by"] = EVIL.into();
    team["status"]["releases"][0]["state"] = EVIL.into();
    let api = known.objects.get_mut("/apis/apps/v1/namespaces/core/deployments/api").ok_or("no api")?;
    api["spec"]["template"]["spec"]["containers"][0]["image"] = EVIL.into();
    api["metadata"]["annotations"]["rollcall.dev/released"] = EVIL.into();
    shop::put(&mut known, shop::event("2027-01-12T06:00:00.000000Z", EVIL, EVIL));
    let mut session = Session::with(known)?;
    for args in [
        &["status"][..],
        &["status", "checkout-2"],
        &["why", "checkout-2"],
        &["tree", "checkout-2"],
        &["trace", "deploy/api", "-n", "core"],
        &["owed", "-A"],
        &["events", "checkout-2"],
        &["hold", "checkout-2"],
        &["ready", "core", "-r", "checkout-2", "--role", EVIL],
        &["why", "\u{1b}[31mx"],
        &["wait", "checkout-2", "--timeout", "0s"],
        &["override", "checkout-2", "--skip", "Window", "--reason", "r", "--ticket", "t", "--for", "1h", "--yes"],
        &["cancel", "checkout-2", "--reason", "r", "--yes"],
        &["status", "-o", "json"],
    ] {
        let out = session.command("rollcall", args)?.output()?;
        harmless(&out.stdout).map_err(|why| format!("{args:?}: {why}"))?;
        harmless(&out.stderr).map_err(|why| format!("{args:?}: {why}"))?;
    }
    // A program is told what is written there; a terminal is not.
    let path = "jsonpath={range .events[*]}{.note}{\"\\t\"}{end}";
    let out = session.command("rollcall", &["events", "checkout-2", "-o", path])?.output()?;
    assert!(String::from_utf8_lossy(&out.stdout).contains(EVIL), "a program reads what is written there");
    for form in [path, "yaml"] {
        let said = session.at_terminal(&["events", "checkout-2", "-o", form], "")?;
        harmless(said.replace('\t', " ").as_bytes()).map_err(|why| format!("{form}: {why}"))?;
        assert!(!said.contains('␛'), "{said}");
    }
    Ok(())
}

/// Files whose names, and whose every text, would do something to a terminal, beside a release that is sound.
fn evil_files(folder: &Path) -> Done {
    let spoilt = serde_json::json!({"kind": "List", "apiVersion": "v1", "items": [
        {"apiVersion": "rollcall.dev/v1alpha1", "kind": "CoordinatedRelease", "metadata": {"name": EVIL, "namespace": EVIL},
            "spec": {"participants": [{"name": EVIL, "team": {"namespace": EVIL, "name": EVIL}, "responsibility": EVIL}],
                "steps": [{"name": EVIL, "participant": EVIL, "task": EVIL, "dependsOn": [EVIL]}], EVIL: EVIL}},
        {"apiVersion": "rollcall.dev/v1alpha1", "kind": "DeploymentWindow", "metadata": {"name": "w", "namespace": "rel"},
            "spec": {"type": EVIL, "timeZone": EVIL, "reason": EVIL, "schedule": [{"name": EVIL, "cron": EVIL}]}},
        {"apiVersion": "rollcall.dev/v1alpha1", "kind": EVIL, "metadata": {"name": "x", "namespace": "rel"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": EVIL, "namespace": EVIL}, "spec": {}},
    ]});
    std::fs::write(folder.join(format!("{EVIL}.json")), spoilt.to_string())?;
    std::fs::write(folder.join(format!("sound {EVIL}.yaml")), many(1, 2, 0))?;
    Ok(())
}

#[test]
fn no_word_in_a_file_reaches_a_terminal_or_another_program_as_more_than_letters() -> Done {
    let folder = folder("words")?;
    evil_files(&folder)?;
    for form in ["table", "json", "markdown", "junit", "sarif", "github", "ics", "svg"] {
        let out = plan(&folder, &["-o", form])?;
        assert_eq!(out.status.code(), Some(1), "{form}");
        harmless(&out.stdout).map_err(|why| format!("{form}: {why}"))?;
        harmless(&out.stderr).map_err(|why| format!("{form}: {why}"))?;
        let said = String::from_utf8_lossy(&out.stdout);
        // GitHub is told of findings only, and of those the worst.
        assert!(form == "github" || said.contains("r0"), "{form}: the sound release is told: {said}");
        if form == "json" || form == "sarif" {
            let value: serde_json::Value = serde_json::from_str(&said)?;
            assert!(value.to_string().contains('\u{202e}'), "a program reads what is written there");
        }
        if form == "github" {
            assert!(said.lines().all(|line| line.starts_with("::") || line.starts_with("and ")), "{said}");
        }
    }
    std::fs::remove_dir_all(&folder)?;
    let folder = self::folder("name")?;
    std::fs::write(folder.join(format!("{EVIL}.yaml")), "a: [")?;
    let out = plan(&folder, &[])?;
    assert_eq!(out.status.code(), Some(3));
    harmless(&out.stderr)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// The forms are bounded by what is in them: a picture, a comment and a screen are of a size that somebody can open.
#[test]
fn five_thousand_steps_under_ten_thousand_windows_are_planned() -> Done {
    let folder = folder("many")?;
    std::fs::write(folder.join("many.yaml"), many(50, 100, 10_000))?;
    let out = plan(&folder, &["-o", "json"])?;
    let answer: serde_json::Value = serde_json::from_slice(&out.stdout)?;
    assert_eq!(answer["releases"].as_array().map(Vec::len), Some(50));
    let ended = answer["releases"].as_array().into_iter().flatten().filter(|r| r["ends"].is_string()).count();
    assert_eq!(ended, 50, "{}", String::from_utf8_lossy(&out.stderr));
    assert!(out.stdout.len() < 8 << 20, "{} bytes", out.stdout.len());
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// What one screen shows is bounded, however much there is; and the search for the smallest set does not take longer
/// the more is in the way.
#[test]
fn a_release_of_a_hundred_steps_in_a_cluster_of_ten_thousand_windows_is_explained() -> Done {
    let mut known = shop::shop()?;
    known.objects.retain(|path, _| !path.contains("/rollcall.dev/"));
    let text = many(1, 100, 10_000);
    let texts: Vec<&str> = text.split("---\n").filter(|text| !text.is_empty()).collect();
    assert_eq!(texts.len(), 10_001);
    for text in texts {
        shop::yaml(text)?.into_iter().for_each(|object| shop::put(&mut known, object));
    }
    for team in ["t0", "u0"] {
        let works: Vec<_> =
            (0..50).map(|n| serde_json::json!({"kind": "Deployment", "name": format!("d{n}")})).collect();
        shop::put(
            &mut known,
            serde_json::json!({"apiVersion": "rollcall.dev/v1alpha1", "kind": "TeamReadiness",
                "metadata": {"name": "t", "namespace": team}, "spec": {"workloads": works,
                    "signOff": {"required": [{"role": "lead"}, {"role": "qa"}, {"role": "sre"}]}}}),
        );
    }
    let mut session = Session::with(known)?;
    for args in [&["why", "r0", "-n", "rel"][..], &["status", "r0", "-n", "rel"], &["tree", "r0", "-n", "rel"]] {
        let said = session.run(args)?;
        assert!(said.lines().count() < 1000, "{args:?}: {said}");
    }
    assert!(session.run(&["why", "r0", "-n", "rel"])?.contains("RC051"));
    let set = session.run(&["why", "r0", "-n", "rel", "-o", "jsonpath={.wouldMove.step} {.wouldMove.certain}"])?;
    // Its workload is not there: what would be then, nobody knows.
    assert_eq!(set.trim(), "s0 false");
    Ok(())
}

/// A team whose workloads stand in so many releases of a hundred steps each.
/// Two teams a release: a team can list 64 workloads.
fn many(releases: usize, steps: usize, windows: usize) -> String {
    let mut text = String::new();
    for n in 0..windows {
        text.push_str(&format!(
            "---\n{{apiVersion: rollcall.dev/v1alpha1, kind: DeploymentWindow, metadata: {{name: w{n}, namespace: other{}}},\n  spec: {{type: Allow, timeZone: UTC, reason: r, schedule: [{{name: a, weekly: {{days: [Mon], from: \"09:00\", until: \"10:00\"}}}}]}}}}\n",
            n % 50
        ));
    }
    for n in 0..releases {
        text.push_str(&format!("---\napiVersion: rollcall.dev/v1alpha1\nkind: CoordinatedRelease\nmetadata: {{name: r{n}, namespace: rel}}\nspec:\n  participants:\n  - {{name: t0, team: {{namespace: t{n}, name: t}}, responsibility: half}}\n  - {{name: t1, team: {{namespace: u{n}, name: t}}, responsibility: half}}\n  steps:\n"));
        for step in 0..steps {
            let after = if step < 20 { String::new() } else { format!(", dependsOn: [s{}]", step - 20) };
            text.push_str(&format!("  - {{name: s{step}, participant: t{}, workload: {{kind: Deployment, name: d{step}}}, estimate: 1m{after}}}\n", step % 2));
        }
    }
    text
}

#[test]
fn a_release_of_five_thousand_steps_is_refused_in_one_line() -> Done {
    let folder = folder("long")?;
    std::fs::write(folder.join("long.yaml"), many(1, 5_000, 0))?;
    let out = plan(&folder, &[])?;
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(1));
    assert!(said.contains("spec.steps") && said.contains("100"), "{said}");
    assert!(said.lines().count() < 10, "{said}");
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_read_and_a_binary_file_are_named() -> Done {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("unreadable")?;
    let closed = folder.join("closed");
    std::fs::create_dir(&closed)?;
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000))?;
    // Who is root may read everything: then an empty folder is what there is.
    let may_read = std::fs::read_dir(&closed).is_ok();
    let out = plan(&closed, &[])?;
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700))?;
    assert_eq!(out.status.code(), Some(3), "{said}");
    let expected = if may_read { "no .yaml, .yml or .json file in it" } else { "Permission denied" };
    assert!(said.contains("closed") && said.contains(expected) && said.contains("\nhelp: "), "{said}");
    std::fs::write(folder.join("image.yaml"), [0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe])?;
    let out = plan(&folder, &[])?;
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(3) && said.contains("image.yaml: is no text (byte 4 is not UTF-8)"), "{said}");
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

#[test]
fn a_text_that_unfolds_without_end_and_one_that_nests_without_end_are_refused() -> Done {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", ")));
    }
    for (name, text) in [("bomb", bomb), ("deep", "[".repeat(200_000)), ("anchors", "&a ".repeat(100_000))] {
        let folder = folder(name)?;
        std::fs::write(folder.join("x.yaml"), text)?;
        let out = plan(&folder, &[])?;
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(3) && said.contains("x.yaml:") && said.lines().count() < 6, "{name}: {said}");
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}
