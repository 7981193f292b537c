//! When readings of several objects, made one after the other, may be taken for one reading of all of them.

/// Readings of the same things, of which the last two are compared: if they say the same, all that they say was true
/// together at the instant between them (a double collect: Afek et al., Atomic Snapshots of Shared Memory, 1993).
/// Versions never come back, so what is the same was not different in between.
pub struct InARow<V> {
    last: V,
}

impl<V: PartialEq> InARow<V> {
    pub fn after(first: V) -> Self {
        Self { last: first }
    }

    /// Whether this reading says what the one before it said.
    pub fn agrees(&mut self, now: V) -> bool {
        let same = now == self.last;
        self.last = now;
        same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_between_two_readings_was_not_true_together_until_it_is_read_so_twice() {
        // A word is taken back and the content that it was for comes, between two requests of the second reading.
        let (before, torn, after) = (["word 1", "content 1"], ["word 1", "content 2"], ["word 2", "content 2"]);
        let mut readings = InARow::after(before);
        assert!(!readings.agrees(torn));
        assert!(!readings.agrees(after));
        assert!(readings.agrees(after));
    }

    #[test]
    fn a_reading_agrees_with_the_one_before_it_and_no_earlier_one() {
        let mut readings = InARow::after(1);
        assert!(!readings.agrees(2));
        assert!(!readings.agrees(1));
    }
}
