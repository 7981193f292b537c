//! The terminal: lines that scroll by, and beneath them a table that is redrawn in place.
//!
//! Where the output is no terminal nothing is ever redrawn, and no escape sequence is written.

use std::io::{self, IsTerminal, Write};

use tokio::time::Instant;

/// How a line may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    pub unicode: bool,
    /// The size of the terminal, in characters.
    pub width: usize,
    pub height: usize,
}

/// A piece of a line, with the colour it has on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Faint,
    Bold,
    Green,
    Yellow,
    Red,
    Blue,
}

impl Style {
    /// The text in a colour, if there are colours.
    pub fn paint(self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Plain => return text.to_owned(),
            Paint::Faint => "2",
            Paint::Bold => "1",
            Paint::Green => "32",
            Paint::Yellow => "33",
            Paint::Red => "31",
            Paint::Blue => "34",
        };
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// The text for this terminal: without control characters, and in ASCII if it must be.
    pub fn clean(self, text: &str) -> String {
        let text = rollcall::telemetry::escape(text);
        if self.unicode {
            return text;
        }
        let ascii = text.chars().map(|c| match c {
            '…' => "...".to_owned(),
            c if c.is_ascii() => c.to_string(),
            c => format!("\\u{{{:x}}}", u32::from(c)),
        });
        ascii.collect()
    }

    /// Exactly so many characters: cut, with an ellipsis, or filled with blanks.
    pub fn fit(self, text: &str, width: usize) -> String {
        let length = text.chars().count();
        if length <= width {
            return format!("{text}{}", " ".repeat(width - length));
        }
        let ellipsis = if self.unicode { "…" } else { "~" };
        let kept: String = text.chars().take(width.saturating_sub(1)).collect();
        kept + ellipsis
    }
}

pub struct Screen {
    live: bool,
    style: Style,
    began: Instant,
    /// What is under way, and since when.
    doing: Option<(String, Instant)>,
    /// The table that stands at the bottom now.
    drawn: Vec<String>,
}

impl Screen {
    pub fn on_stdout(ascii: bool) -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let live = io::stdout().is_terminal() && set("TERM").is_some_and(|t| t != "dumb");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let utf8 = locale.is_some_and(|l| l.to_uppercase().replace('-', "").contains("UTF8"));
        let style =
            Style { colour: live && set("NO_COLOR").is_none(), unicode: utf8 && !ascii, width: 120, height: 50 };
        Self { live, style, began: Instant::now(), doing: None, drawn: Vec::new() }
    }

    /// Whether a table can be redrawn in place.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// How lines may look now: a terminal may have been resized.
    pub fn style(&self) -> Style {
        let size = terminal_size::terminal_size().filter(|_| self.live);
        size.map_or(self.style, |(width, height)| Style {
            width: usize::from(width.0).max(40),
            height: usize::from(height.0).max(10),
            ..self.style
        })
    }

    /// Says that something has begun, and ends what was under way.
    pub fn begin(&mut self, what: &str) {
        self.end();
        self.say(what);
        self.doing = Some((what.to_owned(), Instant::now()));
    }

    /// Says how long what was under way has taken.
    pub fn end(&mut self) {
        if let Some((_, since)) = self.doing.take() {
            let took = format!("took {:.1} s", since.elapsed().as_secs_f64());
            self.say(&self.style.paint(Paint::Faint, &took));
        }
    }

    /// One line with the time since the start, above the table.
    pub fn say(&mut self, line: &str) {
        let time = format!("{:6.1}s", self.began.elapsed().as_secs_f64());
        let line = format!("{}  {line}", self.style.paint(Paint::Faint, &time));
        self.write(Some(&line), &self.drawn.clone());
    }

    /// One line without the time. There is no table any more when it is called.
    pub fn print(&mut self, line: &str) {
        self.write(Some(line), &[]);
    }

    /// Shows a table in place of the one that is there, if it differs.
    pub fn show(&mut self, table: &[String]) {
        if table != self.drawn.as_slice() {
            self.write(None, table);
            self.drawn = table.to_vec();
        }
    }

    /// Leaves the table where it is: what follows is written beneath it.
    pub fn leave(&mut self) {
        self.drawn.clear();
    }

    /// Writes everything in one go: up to where the table begins, then each line over the old one. Nothing
    /// is cleared before it is written again, so nothing flickers. A reader that has gone is not an error.
    fn write(&mut self, line: Option<&str>, table: &[String]) {
        let mut text = String::new();
        if !self.drawn.is_empty() {
            text.push_str(&format!("\r\u{1b}[{}A", self.drawn.len()));
        }
        let end = if self.live { "\u{1b}[K\n" } else { "\n" };
        for line in line.into_iter().chain(table.iter().map(String::as_str)) {
            text.push_str(line);
            text.push_str(end);
        }
        if !self.drawn.is_empty() {
            text.push_str("\u{1b}[J");
        }
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes());
        let _ = stdout.flush();
    }
}
