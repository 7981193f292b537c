//! The answer in each of its forms. The same answer gives the same bytes.
//!
//! This folder never finds anything out: all that it says is in the answer.

mod calendar;
mod github;
mod junit;
mod markdown;
mod sarif;
mod svg;

pub use calendar::calendar;
pub use github::github;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use svg::svg;

/// A text inside of XML. Characters that XML cannot hold are shown as what they are.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::cli::screen::inert(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_that_a_name_holds_ends_an_element() {
        assert_eq!(super::xml("<a b=\"c\">&'\u{1b}\u{202e}"), "&lt;a b=&quot;c&quot;&gt;&amp;&apos;\\u{1b}\\u{202e}");
    }
}
