//! Waiting for a condition, never for a span of time hoped to be long enough.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::process::Program;

/// Long enough for what a loaded machine of two cores needs; a wait ends as soon as it can.
pub const PATIENCE: Duration = Duration::from_secs(120);

const PAUSE: Duration = Duration::from_millis(50);

/// Looks again and again until `probe` gives a value, and gives that value.
///
/// `what` completes the sentence "waited in vain for …"; the text of a failed look says what was
/// seen instead.
///
/// # Errors
/// [`Error::Timeout`] once `limit` has passed, with what the last look saw.
pub async fn until<T, F>(what: &str, limit: Duration, probe: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, String>>,
{
    until_running(what, limit, &[], probe).await
}

/// Like [`until`], but gives up at once, with the program's log, when one of them has ended.
pub(crate) async fn until_running<T, F>(
    what: &str,
    limit: Duration,
    programs: &[&Program],
    mut probe: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, String>>,
{
    let begin = Instant::now();
    let mut last = "never looked".to_owned();
    loop {
        if let Some(error) = programs.iter().find_map(|program| program.ended()) {
            return Err(error);
        }
        let left = limit.saturating_sub(begin.elapsed());
        if left.is_zero() {
            let awaited = programs.last();
            return Err(Error::Timeout {
                what: what.to_owned(),
                seconds: limit.as_secs(),
                last,
                log: awaited.map(|program| program.log().to_owned()),
                tail: awaited.map(|program| program.tail()).unwrap_or_default(),
            });
        }
        // One look may hang (a server that accepts and never answers): it is bounded as well.
        match tokio::time::timeout(left.min(Duration::from_secs(10)), probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => last = seen,
            Err(_) => last = "no answer".to_owned(),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
