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
            set.extend(span.clipped(from, cut.from));
            from = cut.until;
        }
        set.extend(span.clipped(from, span.until));
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(bounds: &[(i64, i64)]) -> Vec<Span> {
        bounds.iter().map(|(from, until)| Span { from: *from, until: *until }).collect()
    }

    #[test]
    fn a_span_holds_its_begin_and_not_its_end() {
        let span = Span { from: 2, until: 5 };
        assert_eq!([1, 2, 4, 5].map(|instant| span.holds(instant)), [false, true, true, false]);
        assert_eq!(span.clipped(3, 4), Some(Span { from: 3, until: 4 }));
        assert_eq!((span.clipped(5, 9), span.clipped(0, 2)), (None, None), "nothing is left where they only touch");
    }

    #[test]
    fn sets_are_merged_intersected_and_subtracted_without_empty_spans() {
        assert_eq!(merged(set(&[(5, 7), (1, 3), (3, 4), (2, 3)])), set(&[(1, 4), (5, 7)]));
        assert_eq!(
            intersection(&set(&[(1, 4), (5, 9)]), &set(&[(0, 1), (3, 6), (8, 9)])),
            set(&[(3, 4), (5, 6), (8, 9)])
        );
        let cases = [
            (vec![(0, 1)], vec![(1, 9)]),
            (vec![(1, 3)], vec![(3, 9)]),
            (vec![(4, 5)], vec![(1, 4), (5, 9)]),
            (vec![(7, 9)], vec![(1, 7)]),
            (vec![(9, 10)], vec![(1, 9)]),
            (vec![(0, 2), (3, 4), (4, 5), (8, 12)], vec![(2, 3), (5, 8)]),
            (vec![(1, 9)], vec![]),
        ];
        for (out, left) in cases {
            assert_eq!(subtraction(&set(&[(1, 9)]), &set(&out)), set(&left), "without {out:?}");
        }
        assert_eq!(
            subtraction(&set(&[(1, 3), (4, 6), (7, 9)]), &set(&[(2, 5), (7, 8)])),
            set(&[(1, 2), (5, 6), (8, 9)])
        );
    }
}
