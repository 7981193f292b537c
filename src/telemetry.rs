//! Logs: one line for each event, in which no text from outside can pass for another line or steer a terminal.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object on each line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("the log level {filter:?} is not one: {reason}")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Logs have been set up before.
    #[error("logs are set up already")]
    Twice,
}

/// Sends the events of this process to standard error. `RUST_LOG` wins over `level`; both are filters like `info` or
/// `rollcall=debug,warn`. Panics become events too.
///
/// # Errors
/// When the filter cannot be read, or logs have been set up before.
pub fn init(format: LogFormat, level: &str) -> Result<(), TelemetryError> {
    let filter = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|filter| !filter.is_empty());
    let filter = filter.unwrap_or_else(|| level.to_owned());
    let parsed = EnvFilter::try_new(&filter)
        .map_err(|error| TelemetryError::Filter { filter: filter.clone(), reason: error.to_string() })?;
    let dispatch = dispatch(format, parsed, io::stderr);
    tracing::dispatcher::set_global_default(dispatch).map_err(|_| TelemetryError::Twice)?;
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic_message(panic.payload());
        tracing::error!(event = "panic", location, "{message}");
    }));
    Ok(())
}

/// What a panic says.
#[must_use]
pub fn panic_message(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}

fn dispatch<W>(format: LogFormat, filter: EnvFilter, writer: W) -> tracing::Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Escaping(writer));
    match format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).into(),
        LogFormat::Text => builder.into(),
    }
}

/// Makes writers that write each event as one line.
struct Escaping<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Escaping<W> {
    type Writer = EscapingWriter<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapingWriter(self.0.make_writer())
    }
}

struct EscapingWriter<W>(W);

impl<W: Write> Write for EscapingWriter<W> {
    /// An event arrives here in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = match text.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (&*text, ""),
        };
        self.0.write_all((escape(line) + end).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The text with everything that is not shown as itself written as JSON writes it: control characters, and those
/// that turn the direction of what follows.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Marks of direction, separators of lines and paragraphs, and characters of no width.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    const HOSTILE: &str = "web\n{\"level\":\"ERROR\"}\r\u{1b}[2J\u{7f}\u{9b}31m\u{202e}gpj\u{2028}\u{feff}é";

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let dispatch = dispatch(format, EnvFilter::new("info"), move || writer.clone());
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::debug!("not this");
            tracing::info!(event = "held", name = HOSTILE, debug = ?HOSTILE, "held {HOSTILE}");
        });
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn hostile_text_stays_in_its_line() {
        for format in [LogFormat::Json, LogFormat::Text] {
            let text = logged(format);
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            assert!(text.ends_with('\n'));
            let line = text.trim_end_matches('\n');
            assert!(!line.chars().any(|c| c.is_control() || is_invisible(c)), "{line:?}");
            assert!(line.contains('é'));
        }
    }

    #[test]
    fn json_is_json_and_keeps_the_text() {
        let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json)).unwrap();
        assert_eq!(line["name"], HOSTILE);
        assert_eq!(line["event"], "held");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], format!("held {HOSTILE}"));
    }
}
