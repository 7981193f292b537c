//! What was asked and answered, as one number: two runs of the same seed must come to the same.

use jiff::Timestamp;

use crate::call::Route;
use crate::serve::Answer;

/// A hash of every request and every answer.
pub(crate) struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Default for Trace {
    fn default() -> Self {
        Self { hash: 0xCBF2_9CE4_8422_2325, lines: None }
    }
}

impl Trace {
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn keep(&mut self) {
        self.lines.get_or_insert_with(Vec::new);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.clone().unwrap_or_default()
    }

    /// Takes in some bytes, and how many they are, so that what is told apart stays apart.
    fn feed(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.take(u64::from_le_bytes(*word));
        }
        let rest = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.take(rest);
        self.take(bytes.len() as u64);
    }

    fn take(&mut self, word: u64) {
        // FNV-1a by words; the high bits are brought down, or they would never reach the low ones.
        self.hash = (self.hash ^ word).wrapping_mul(0x0100_0000_01B3);
        self.hash ^= self.hash >> 32;
    }

    /// Takes down one request and its answer.
    pub(crate) fn acted(&mut self, now: Timestamp, route: &Route, answer: &Answer) {
        let Route::Objects(call) = route else { return };
        let code = match answer {
            Answer::Text(code, _) => code.as_u16(),
            Answer::Watch(_) => 200,
        };
        self.feed(&now.as_nanosecond().to_le_bytes());
        self.feed(&code.to_le_bytes());
        for text in [call.user.name.as_str(), call.verb.as_str(), &call.plural, &call.namespace, &call.name] {
            self.feed(text.as_bytes());
        }
        self.feed(call.subresource.as_bytes());
        self.feed(&call.body);
        if let Answer::Text(_, text) = answer {
            self.feed(text.as_bytes());
        }
        if let Some(lines) = &mut self.lines {
            let body = String::from_utf8_lossy(&call.body);
            lines.push(format!(
                "{now} {} {} {} {}/{} {} -> {code} {body}",
                call.user.name,
                call.verb.as_str(),
                call.plural,
                call.namespace,
                call.name,
                call.subresource
            ));
        }
    }

    /// Takes down an event of a watch, or what went wrong.
    pub(crate) fn told(&mut self, now: Timestamp, what: &str) {
        self.feed(&now.as_nanosecond().to_le_bytes());
        self.feed(what.as_bytes());
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{now} {what}"));
        }
    }
}
