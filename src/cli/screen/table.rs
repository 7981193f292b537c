//! Tables for people: columns as wide as what stands in them, as kubectl's.

use super::Screen;
use super::text::{columns, cut};

/// A table that is being filled.
pub struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// What stands between two columns.
const GAP: usize = 3;
/// A last column is not cut shorter than this, however narrow the terminal is.
const LEAST: usize = 20;

impl Table {
    #[must_use]
    pub fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// Adds a row. What is empty is shown as `-`.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table as lines, each indented by so many spaces. Only the last column is cut, and only on a terminal.
    #[must_use]
    pub fn shown(&self, screen: &Screen, indent: usize) -> String {
        let width = |n: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(n)).map(|cell| columns(cell));
            cells.chain([columns(self.heads[n])]).max().unwrap_or(0).max(1)
        };
        let widths: Vec<usize> = (0..self.heads.len()).map(width).collect();
        let before: usize = widths.iter().rev().skip(1).map(|w| w + GAP).sum::<usize>() + indent;
        let last = screen.width.map(|width| width.saturating_sub(before).max(LEAST));
        let head = |head: &&str| if head.is_empty() { " ".to_owned() } else { (*head).to_owned() };
        let heads: Vec<String> = self.heads.iter().map(head).collect();
        let mut out = String::new();
        if self.heads.iter().any(|head| !head.is_empty()) {
            out.push_str(&screen.faint(&line(&heads, &widths, indent, None)));
            out.push('\n');
        }
        for row in &self.rows {
            out.push_str(&line(row, &widths, indent, last));
            out.push('\n');
        }
        out
    }
}

fn line(cells: &[String], widths: &[usize], indent: usize, last: Option<usize>) -> String {
    let mut out = " ".repeat(indent);
    for (n, width) in widths.iter().enumerate() {
        let cell = cells.get(n).map_or("", String::as_str);
        let cell = if cell.is_empty() { "-" } else { cell };
        let end = n + 1 == widths.len();
        let coloured = cell.contains('\u{1b}');
        let cell = match last {
            Some(most) if end && !coloured => cut(cell, most),
            _ => cell.to_owned(),
        };
        out.push_str(&cell);
        if !end {
            out.push_str(&" ".repeat(width.saturating_sub(columns(&cell)) + GAP));
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::When;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them_and_the_last_is_cut_on_a_terminal() {
        let mut table = Table::new(&["NAME", "SAYS"]);
        table.row(vec!["日本".into(), "short".into()]);
        table.row(vec!["a".into(), "a text that goes on for longer than the terminal is wide".into()]);
        let mut screen = Screen::plain(When::utc());
        assert!(table.shown(&screen, 0).ends_with("terminal is wide\n"));
        screen.width = Some(30);
        assert_eq!(table.shown(&screen, 0), "NAME   SAYS\n日本   short\na      a text that goes on fo…\n");
    }

    #[test]
    fn what_is_empty_is_a_dash() {
        let mut table = Table::new(&["A", "B"]);
        table.row(vec![String::new(), "x".into()]);
        assert_eq!(table.shown(&Screen::plain(When::utc()), 2), "  A   B\n  -   x\n");
    }
}
