//! What the shell, and kubectl, are told when somebody presses the tabulator.

use super::session::Session;
use super::shop;
use crate::support::Done;

/// What kubectl would be told.
fn completed(session: &Session, words: &[&str]) -> Done<Vec<String>> {
    let out = session.command("kubectl_complete-rollcall", words)?.output()?;
    Ok(String::from_utf8_lossy(&out.stdout)
        .lines()
        .map(|l| l.split('\t').next().unwrap_or_default().to_owned())
        .collect())
}

#[test]
fn verbs_flags_and_live_names_are_offered() -> Done {
    let session = Session::with(shop::shop()?)?;
    for (words, offered) in [
        (&["wh"][..], "why"),
        (&["why", ""], "checkout-2"),
        (&["why", "-n", "core", "releases/"], "releases/checkout-2"),
        (&["ready", "-n", "core", ""], "core"),
        (&["ready", "core", "-r", "che"], "checkout-2"),
        (&["status", "-n", "re"], "releases"),
        (&["explain", "RC05"], "RC051"),
        (&["why", "checkout-2", "--te"], "--team"),
    ] {
        let found = completed(&session, words)?;
        assert!(found.iter().any(|line| line == offered), "{words:?}: {found:?}");
        assert_eq!(found.last().map(String::as_str), Some(":4"), "kubectl is told to offer no files");
    }
    assert!(
        !completed(&session, &["why", "-n", "core", ""])?.contains(&"checkout-2".to_owned()),
        "of that namespace only"
    );
    Ok(())
}

#[test]
fn a_cluster_that_does_not_answer_offers_nothing_and_says_nothing() -> Done {
    let session = Session::with(shop::shop()?)?;
    session.server.known.lock().expect("no panic").down = true;
    let out = session.command("kubectl_complete-rollcall", &["why", ""])?.output()?;
    assert!(out.stderr.is_empty() && !String::from_utf8_lossy(&out.stdout).contains("checkout"), "{out:?}");
    Ok(())
}

#[test]
fn each_shell_gets_a_script_that_asks_the_command() -> Done {
    let session = Session::with(shop::shop()?)?;
    for (shell, sign) in [("bash", "complete "), ("zsh", "#compdef"), ("fish", "complete ")] {
        let out = session.command("rollcall", &["completion", shell])?.output()?;
        let script = String::from_utf8_lossy(&out.stdout);
        assert!(
            script.contains(sign) && script.contains("ROLLCALL_COMPLETE") && script.contains("kubectl-rollcall"),
            "{script}"
        );
    }
    // The script's own question, as bash asks it.
    let mut asked = session.command("rollcall", &["--", "rollcall", "why", ""])?;
    asked.env("ROLLCALL_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "2").env("_CLAP_IFS", "\n");
    let out = asked.output()?;
    assert!(String::from_utf8_lossy(&out.stdout).lines().any(|line| line == "checkout-2"), "{out:?}");
    Ok(())
}

#[test]
fn as_a_plugin_it_speaks_as_part_of_kubectl() -> Done {
    let session = Session::with(shop::shop()?)?;
    let out = session.command("kubectl-rollcall", &["why", "--help"])?.output()?;
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(said.contains("Usage: kubectl rollcall why [OPTIONS] <RELEASE>"), "{said}");
    let out = session.command("kubectl-rollcall", &["why", "checkout-2"])?.output()?;
    assert!(String::from_utf8_lossy(&out.stdout).contains("→ kubectl rollcall ready ui/ui -r releases/checkout-2"));
    let out = session.command("rollcall", &["why", "--help"])?.output()?;
    assert!(String::from_utf8_lossy(&out.stdout).contains("Usage: rollcall why [OPTIONS] <RELEASE>"));
    Ok(())
}

/// The help of every verb, read as a stranger would. `UPDATE_GOLDEN=1` writes it again.
#[test]
fn every_verb_has_a_help_that_was_looked_at() -> Done {
    let mut session = Session::with(shop::shop()?)?;
    session.run(&["--help"])?;
    for verb in [
        "status",
        "why",
        "tree",
        "trace",
        "owed",
        "events",
        "wait",
        "ready",
        "notready",
        "hold",
        "resume",
        "override",
        "rollback",
        "cancel",
        "done",
        "explain",
        "doctor",
        "plan",
        "calendar",
        "run",
        "crds",
        "policies",
        "manifests",
        "release-all",
        "uninstall",
        "completion",
        "version",
    ] {
        session.run(&[verb, "--help"])?;
    }
    session.is_told_in("help")
}
