//! Keys by the time they are due.

use std::collections::{BTreeMap, BTreeSet};

/// At most one time for each key.
pub(super) struct Schedule<T, K> {
    times: BTreeMap<K, T>,
    order: BTreeSet<(T, K)>,
}

impl<T: Ord + Copy, K: Ord + Clone> Schedule<T, K> {
    pub(super) fn new() -> Self {
        Self { times: BTreeMap::new(), order: BTreeSet::new() }
    }

    /// Sets or removes the time of a key.
    pub(super) fn set(&mut self, key: K, time: Option<T>) {
        if let Some(old) = self.times.remove(&key) {
            self.order.remove(&(old, key.clone()));
        }
        if let Some(time) = time {
            self.times.insert(key.clone(), time);
            self.order.insert((time, key));
        }
    }

    /// Sets the time of a key unless it has an earlier one.
    pub(super) fn set_earliest(&mut self, key: K, time: T) {
        if self.times.get(&key).is_none_or(|known| time < *known) {
            self.set(key, Some(time));
        }
    }

    /// The earliest time.
    pub(super) fn first(&self) -> Option<T> {
        self.order.first().map(|(time, _)| *time)
    }

    /// Removes the keys whose time is `now` or earlier, by time.
    pub(super) fn take_due(&mut self, now: T) -> Vec<K> {
        let mut due = Vec::new();
        while let Some((time, key)) = self.order.pop_first() {
            if time > now {
                self.order.insert((time, key));
                break;
            }
            self.times.remove(&key);
            due.push(key);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_one_time() {
        let mut schedule = Schedule::new();
        schedule.set("a", Some(5));
        schedule.set("b", Some(3));
        schedule.set("a", Some(4));
        assert_eq!(schedule.first(), Some(3));
        assert_eq!(schedule.take_due(4), ["b", "a"]);
        assert_eq!(schedule.first(), None);
    }

    #[test]
    fn the_earliest_wins_where_asked_to() {
        let mut schedule = Schedule::new();
        schedule.set_earliest("a", 5);
        schedule.set_earliest("a", 9);
        assert_eq!(schedule.first(), Some(5));
        schedule.set_earliest("a", 2);
        assert_eq!(schedule.first(), Some(2));
        schedule.set("a", None);
        assert!(schedule.take_due(100).is_empty());
    }
}
