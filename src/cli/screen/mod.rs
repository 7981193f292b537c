//! How an answer is shown: to a person at a terminal, in a log, or to a program.
//!
//! This folder never finds anything out and never decides: it is handed what is to be said. Text that comes from
//! the cluster or from files passes [`inert`] before it reaches a terminal.

pub mod output;
pub mod table;
mod template;
pub mod text;
pub mod when;

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

pub use output::{Format, Output};
pub use table::Table;
pub use text::inert;
pub use when::When;

/// How people are to be shown something; part of every verb.
#[derive(clap::Args, Debug, Clone, Default)]
#[command(next_help_heading = "Display")]
pub struct DisplayArgs {
    /// Show times in UTC instead of the zone of TZ or of this machine.
    #[arg(long)]
    pub utc: bool,
    /// When to colour; NO_COLOR switches it off as well.
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,
    /// Draw with plain letters only, for terminals that cannot show more.
    #[arg(long)]
    pub ascii: bool,
}

/// When to colour.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb.
    #[default]
    Auto,
    Always,
    Never,
}

/// What standard output can show.
#[derive(Clone, Debug)]
pub struct Screen {
    colour: bool,
    ascii: bool,
    /// Columns of the terminal; `None` where lines may be of any length.
    pub width: Option<usize>,
    pub when: When,
}

impl Screen {
    /// The screen that standard output is.
    #[must_use]
    pub fn of(args: &DisplayArgs) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let live = std::io::stdout().is_terminal();
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let colour = match args.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => live && !set("NO_COLOR") && !dumb,
        };
        Self {
            colour,
            ascii: args.ascii || dumb || !speaks_utf8(),
            width: if live { terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) } else { None },
            when: When::local(args.utc),
        }
    }

    /// A screen without colours and of any width.
    #[cfg(test)]
    pub fn plain(when: When) -> Self {
        Self { colour: false, ascii: false, width: None, when }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// What is as it should be.
    #[must_use]
    pub fn good(&self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    /// What waits.
    #[must_use]
    pub fn wait(&self, text: &str) -> String {
        self.styled(AnsiColor::Yellow.on_default(), text)
    }

    /// What is wrong.
    #[must_use]
    pub fn bad(&self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }

    /// What matters most.
    #[must_use]
    pub fn strong(&self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    /// What matters least.
    #[must_use]
    pub fn faint(&self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    /// What can be typed next.
    #[must_use]
    pub fn command(&self, text: &str) -> String {
        self.styled(AnsiColor::Cyan.on_default(), text)
    }

    /// The sign of a step's state: shape and colour, and the word stands beside it.
    #[must_use]
    pub fn sign(&self, state: &str) -> String {
        let (sign, plain) = match state {
            "Done" => ("✔", "+"),
            "Failed" => ("✖", "x"),
            "Waiting" => ("◷", "o"),
            "Soaking" => ("◔", "~"),
            "Granted" | "Progressing" => ("◌", ">"),
            "RollingBack" => ("↶", "<"),
            "RolledBack" => ("↺", "<"),
            _ => ("•", "-"),
        };
        self.by_state(state, if self.ascii { plain } else { sign })
    }

    /// A text in the colour of a state.
    #[must_use]
    pub fn by_state(&self, state: &str, text: &str) -> String {
        match state {
            "Done" | "Completed" => self.good(text),
            "Failed" => self.bad(text),
            "Waiting" | "RollingBack" | "RolledBack" => self.wait(text),
            _ => self.command(text),
        }
    }

    /// The strokes of a tree: for an entry that others follow, for the last, and what stands below each.
    #[must_use]
    pub fn strokes(&self) -> [&'static str; 4] {
        if self.ascii { ["|-- ", "`-- ", "|   ", "    "] } else { ["├── ", "└── ", "│   ", "    "] }
    }

    /// What stands between the parts of a line.
    #[must_use]
    pub fn dot(&self) -> &'static str {
        if self.ascii { " - " } else { " · " }
    }

    /// What leads from one to the next.
    #[must_use]
    pub fn arrow(&self) -> &'static str {
        if self.ascii { "->" } else { "→" }
    }
}

/// Whether the terminal's locale can show more than ASCII. Without any locale the answer is yes: containers set
/// none, and every terminal of today can.
fn speaks_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|n| std::env::var(n).ok());
    let named = locale.into_iter().find(|value| !value.is_empty());
    named.is_none_or(|value| {
        let value = value.to_lowercase();
        value.contains("utf-8") || value.contains("utf8") || value == "c" || value == "posix"
    })
}
