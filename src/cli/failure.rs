//! Why a command could not answer: what is the matter, what led to it, and what to type next.

use std::error::Error;
use std::fmt;

/// Why a command could not answer, with what can be done about it.
#[derive(Debug)]
pub struct Failure {
    what: String,
    /// What led to it, the nearest first.
    because: Vec<String>,
    help: String,
    pub(super) code: u8,
}

impl Failure {
    fn new(code: u8, what: impl fmt::Display, help: impl Into<String>) -> Self {
        Self { what: what.to_string(), because: Vec::new(), help: help.into(), code }
    }

    /// The answer is no: something contradicts what was asked for.
    pub(super) fn no(what: impl fmt::Display, help: impl Into<String>) -> Self {
        Self::new(1, what, help)
    }

    /// The command was asked for something that makes no sense.
    pub(super) fn usage(what: impl fmt::Display, help: impl Into<String>) -> Self {
        Self::new(2, what, help)
    }

    /// What was asked for is not there, or cannot be reached or written.
    pub(super) fn unreachable(what: impl fmt::Display, help: impl Into<String>) -> Self {
        Self::new(3, what, help)
    }

    /// The person may not do this.
    pub(super) fn forbidden(what: impl fmt::Display, help: impl Into<String>) -> Self {
        Self::new(4, what, help)
    }

    /// It did not come about in the time given.
    pub(super) fn timed_out(what: impl fmt::Display, help: impl Into<String>) -> Self {
        Self::new(5, what, help)
    }

    /// With everything that led to it.
    pub(super) fn because(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let said = error.to_string();
            // Many errors repeat in their own text what they were caused by.
            match self.because.last_mut() {
                Some(last) if last.contains(&said) && *last != said => {
                    let outer = last.replace(&said, "").trim_end_matches([' ', ':', '(']).to_owned();
                    if !outer.is_empty() && !said.is_empty() {
                        *last = outer;
                        self.because.push(said);
                    }
                }
                Some(last) if *last == said => {}
                _ => self.because.push(said),
            }
            next = error.source();
        }
        self
    }

    /// The same, said in other words.
    pub(super) fn replaced(mut self, what: impl fmt::Display, help: impl Into<String>) -> Self {
        self.what = what.to_string();
        self.help = help.into();
        self
    }

    /// Whether trying again is of no use, although the code is that of a lost connection.
    pub(super) fn is_final(&self) -> bool {
        !self.what.ends_with("no answer")
    }

    /// What is the matter, in a line.
    pub(super) fn first_line(&self) -> String {
        let cause = self.because.last().map(|why| format!(" ({why})")).unwrap_or_default();
        super::screen::inert(&format!("{}{cause}", self.what))
    }

    pub(super) fn because_of(mut self, why: impl Into<String>) -> Self {
        let why = why.into();
        self.because.extend((!why.is_empty()).then_some(why));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use super::screen::text::inert_lines;
        write!(f, "error: {}", inert_lines(&self.what))?;
        for why in &self.because {
            write!(f, "\n  caused by: {}", inert_lines(why))?;
        }
        write!(f, "\nhelp: {}", self.help)
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer: {0}")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn causes_are_told_once_each_and_the_help_last() {
        let error = Outer(std::io::Error::other("no route\u{1b}[2J"));
        let said = Failure::unreachable("no answer", "try again").because(&error).to_string();
        assert_eq!(said, "error: no answer\n  caused by: outer\n  caused by: no route\\u{1b}[2J\nhelp: try again");
    }
}
