//! The one way in which a calendar text is refused.

use std::fmt;

/// "Your text is wrong, here, and this is what to write instead."
///
/// A fault is about text that a person wrote. It is never "not yet" and never "we could not find out".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalendarFault {
    /// Where, relative to the text that was checked, for example `schedule[2].rrule.rule`; empty for the whole text.
    pub path: String,
    /// What is wrong, with the offending token, and the remedy. One sentence or two, no line break.
    pub message: String,
}

impl CalendarFault {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        CalendarFault { path: path.into(), message: message.into() }
    }

    /// The same fault seen from one level further out: `rule` under `rrule` is `rrule.rule`.
    pub fn under(mut self, parent: &str) -> Self {
        self.path = if self.path.is_empty() {
            parent.to_owned()
        } else if parent.is_empty() || self.path.starts_with('[') {
            format!("{parent}{}", self.path)
        } else {
            format!("{parent}.{}", self.path)
        };
        self
    }
}

impl fmt::Display for CalendarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

impl std::error::Error for CalendarFault {}

/// How much of an offending token a message repeats, so that a hostile text cannot flood a status or a log.
const QUOTED: usize = 60;

/// The token as it may stand in a message: in quotes, shortened, without control characters.
pub(crate) fn quoted(token: &str) -> String {
    let mut text: String = token.chars().take(QUOTED).flat_map(char::escape_debug).collect();
    if token.chars().nth(QUOTED).is_some() {
        text.push('…');
    }
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_grows_outwards_by_fields_and_places() {
        let under = |path: &str, parent: &str| CalendarFault::new(path, "no").under(parent).path;
        assert_eq!(under("", "schedule[2]"), "schedule[2]");
        assert_eq!(under("rule", "rrule"), "rrule.rule");
        assert_eq!(under("[0]", "days"), "days[0]");
        assert_eq!(under("rule", ""), "rule");
    }
}
