//! Sets of instants as sorted, disjoint, half-open spans: merging, intersection, subtraction.

/// `[from, until)` in seconds from 1970-01-01T00:00:00Z. `until` is later than `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub from: i64,
    pub until: i64,
}

impl Span {
    pub fn holds(&self, instant: i64) -> bool {
        self.from <= instant && instant < self.until
    }

    /// The part inside of `[from, until)`, if any.
    pub fn clipped(&self, from: i64, until: i64) -> Option<Span> {
        let span = Span { from: self.from.max(from), until: self.until.min(until) };
        (span.from < span.until).then_some(span)
    }
}

/// Any spans as a set. Those that touch or overlap become one.
pub(crate) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut set: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match set.last_mut() {
            Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
            _ => set.push(span),
        }
    }
    set
}

/// What is in both. Both must be sets.
pub(crate) fn intersection(a: &[Span], b: &[Span]) -> Vec<Span> {
    let (mut i, mut j) = (0, 0);
    let mut set = Vec::new();
    while let (Some(left), Some(right)) = (a.get(i), b.get(j)) {
        set.extend(left.clipped(right.from, right.until));
        if left.until <= right.until { i += 1 } else { j += 1 }
    }
    set
}

/// What is in `a` and not in `b`. Both must be sets.
pub(crate) fn subtraction(a: &[Span], b: &[Span]) -> Vec<Span> {
    let mut set = Vec::with_capacity(a.len());
    let mut first = 0;
    for span in a {
        while b.get(first).is_some_and(|cut| cut.until <= span.from) {
            first += 1;
        }
        let mut from = span.from;
        for cut in b[first..].iter().take_while(|cut| cut.from < span.until) {
            if cut.from > from {
                set.push(Span { from, until: cut.from });
            }
            from = cut.until;
        }
        if from < span.until {
            set.push(Span { from, until: span.until });
        }
    }
    set
}
