//! The list of commands that `rollcall --help` shows: by what people want, not by the alphabet.

use clap::Command;

use super::screen::text::wrapped;

/// Commands by what people want of them. Each one stands in one group.
const GROUPS: &[(&str, &[&str])] = &[
    ("Ask what is going on", &["status", "why", "tree", "trace", "owed", "events", "wait", "explain"]),
    ("Decide", &["ready", "notready", "done", "hold", "resume", "override", "rollback", "cancel"]),
    ("Look ahead, from files and without a cluster", &["plan", "calendar"]),
    ("Install and operate", &["doctor", "run", "crds", "policies", "manifests", "release-all", "uninstall"]),
    ("This program", &["completion", "version"]),
];

/// How wide the list is: no narrower terminal shows the options of a command well.
const WIDTH: usize = 80;
const NAMES: usize = 15;

/// The command with its list in groups. Only what parses needs it: whatever else reads the command, such as a shell's
/// completion, must see the commands themselves.
pub fn grouped(command: Command) -> Command {
    let mut list = String::new();
    for (title, names) in GROUPS {
        list += &format!("{title}:\n");
        for found in names.iter().filter_map(|name| command.find_subcommand(name)) {
            list += &entry(found);
        }
        list.push('\n');
    }
    let template = format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}{{all-args}}{{after-help}}");
    let usage = format!("{} [OPTIONS] <COMMAND>", super::invoked_as());
    command.mut_subcommands(|one| one.hide(true)).override_usage(usage).help_template(template)
}

fn entry(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let about = about.trim_end_matches('.');
    let mut lines = wrapped(about, WIDTH - NAMES).into_iter();
    let mut entry =
        format!("  {:<width$}{}\n", command.get_name(), lines.next().unwrap_or_default(), width = NAMES - 2);
    for line in lines {
        entry += &format!("{:NAMES$}{line}\n", "");
    }
    entry
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_command_stands_in_one_group() {
        let command = crate::cli::command();
        let all: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert_eq!(listed.len(), all.len());
        assert_eq!(BTreeSet::from_iter(listed), BTreeSet::from_iter(all));
    }
}
