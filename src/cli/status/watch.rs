//! `status -w`: shows it again whenever it differs, through lost connections.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use super::{Args, Shown, now};
use crate::cli::cluster::{Changes, Cluster, read};
use crate::cli::screen::Screen;
use crate::cli::screen::text::columns;
use crate::cli::{Failure, answer};
use crate::cluster::writes::RELEASES;

pub(super) async fn run(args: &Args, cluster: &Cluster) -> Result<ExitCode, Failure> {
    let mut changes = changes(args, cluster).await?;
    let mut canvas = Canvas::new();
    // The first answer must come: a wrong name or a cluster that is not there is no lost connection.
    let mut last = now(args, cluster, &Screen::of(&args.asked.place.display)).await?;
    changes.answered();
    canvas.show(&last, None)?;
    while !last.over {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            () = changes.next(until(&last, cluster)) => {}
        }
        // The terminal may have another width by now.
        match now(args, cluster, &Screen::of(&args.asked.place.display)).await {
            Ok(shown) => {
                changes.answered();
                canvas.show(&shown, None)?;
                last = shown;
            }
            Err(failure) if failure.code == 3 && !failure.is_final() => {
                changes.unanswered();
                canvas.show(&last, Some(&failure.first_line()))?;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(ExitCode::from(last.code))
}

/// What is worth to look again for.
async fn changes(args: &Args, cluster: &Cluster) -> Result<Changes, Failure> {
    Ok(match &args.release {
        None => Changes::in_all(cluster, RELEASES, if args.all_namespaces { "" } else { &cluster.namespace }, ""),
        Some(name) => Changes::about(cluster, &*read::release(cluster, &cluster.named(name)).await?),
    })
}

/// How long it is until time alone may change what is shown.
fn until(shown: &Shown, cluster: &Cluster) -> Option<Duration> {
    shown.next.and_then(|at| (at - cluster.now()).to_std().ok())
}

/// Where it is drawn: over itself on a terminal, line after line elsewhere.
struct Canvas {
    live: bool,
    /// What stands there.
    drawn: String,
    lines: Vec<String>,
    lost: bool,
}

impl Canvas {
    fn new() -> Self {
        Self { live: std::io::stdout().is_terminal(), drawn: String::new(), lines: Vec::new(), lost: false }
    }

    fn show(&mut self, shown: &Shown, lost: Option<&str>) -> Result<(), Failure> {
        let was_lost = std::mem::replace(&mut self.lost, lost.is_some());
        if self.live {
            let mut text = shown.text.clone();
            if let Some(why) = lost {
                text.push_str(&format!("\nconnection lost, trying again: {why}\n"));
            }
            return self.redraw(&text);
        }
        match (lost, was_lost) {
            (Some(why), false) => answer(&format!("connection lost, trying again: {why}\n")).map(drop),
            (Some(_), true) => Ok(()),
            (None, was_lost) => {
                let back = if was_lost { "connected again\n" } else { "" };
                let new: String =
                    shown.lines.iter().filter(|l| !self.lines.contains(l)).map(|l| format!("{l}\n")).collect();
                self.lines.clone_from(&shown.lines);
                let text = format!("{back}{new}");
                if text.is_empty() { Ok(()) } else { answer(&text).map(drop) }
            }
        }
    }

    /// Draws over what stands there, line by line and in one write, so that nothing flickers. Only what differs is
    /// written.
    fn redraw(&mut self, text: &str) -> Result<(), Failure> {
        if text == self.drawn {
            return Ok(());
        }
        let (width, height) = terminal_size::terminal_size().map_or((80, 24), |(w, h)| (w.0.max(1), h.0.max(2)));
        let up = rows(&self.drawn, width.into()).min(usize::from(height) - 1);
        let shown: Vec<&str> = fitting(text, width.into(), usize::from(height) - 1);
        let mut frame = String::from("\u{1b}[?2026h\r");
        if up > 0 {
            frame.push_str(&format!("\u{1b}[{up}A"));
        }
        for line in &shown {
            frame.push_str(&format!("{line}\u{1b}[K\n"));
        }
        frame.push_str("\u{1b}[J\u{1b}[?2026l");
        self.drawn = shown.iter().map(|line| format!("{line}\n")).collect();
        let mut out = std::io::stdout().lock();
        out.write_all(frame.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|e| Failure::unreachable(format!("the answer cannot be written: {e}"), "look at the terminal"))
    }
}

/// How many rows a text takes on a terminal of this width.
fn rows(text: &str, width: usize) -> usize {
    text.lines().map(|line| columns(line).div_ceil(width).max(1)).sum()
}

/// As many lines as fit: what is above the screen could not be drawn over.
fn fitting(text: &str, width: usize, height: usize) -> Vec<&str> {
    let mut left = height;
    text.lines()
        .take_while(|line| {
            let takes = columns(line).div_ceil(width).max(1);
            let fits = takes <= left;
            left = left.saturating_sub(takes);
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_as_the_terminal_breaks_them() {
        assert_eq!(rows("", 10), 0);
        assert_eq!(rows("\n\nab\n", 10), 3);
        assert_eq!(rows("12345678901\n", 10), 2);
        assert_eq!(fitting("a\nb\nc", 10, 2), ["a", "b"]);
        assert_eq!(fitting("12345678901\nb", 10, 2), ["12345678901"]);
    }
}
