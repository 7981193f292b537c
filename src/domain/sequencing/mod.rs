//! The order of steps: which must be done before which.
//!
//! This folder never asks whether a step may go for any other reason than order.

use std::collections::{BTreeMap, BTreeSet};

/// A circle in the order: each step waits for the next, and the last for the first. The first name is
/// repeated at the end, so that the path reads as a circle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the steps wait for each other in a circle: {}", path.join(" → "))]
pub struct Cycle {
    pub path: Vec<String>,
}

/// Sorts steps so that each comes after all it depends on; among those that could come next, the one
/// listed first comes first. Names that no step has are passed over: they are another check's fault.
///
/// # Errors
///
/// A [`Cycle`] with its path, if there is one.
pub fn in_order(steps: &[(String, Vec<String>)]) -> Result<Vec<usize>, Cycle> {
    let place: BTreeMap<&str, usize> = steps.iter().enumerate().map(|(n, (name, _))| (name.as_str(), n)).collect();
    let mut done = BTreeSet::new();
    let mut order = Vec::with_capacity(steps.len());
    while order.len() < steps.len() {
        let next = (0..steps.len()).find(|n| {
            !done.contains(n) && steps[*n].1.iter().filter_map(|d| place.get(d.as_str())).all(|d| done.contains(d))
        });
        match next {
            Some(n) => {
                done.insert(n);
                order.push(n);
            }
            None => return Err(cycle_among(steps, &place, &done)),
        }
    }
    Ok(order)
}

/// Every step that is left waits for another that is left, so following any of them must come round.
fn cycle_among(steps: &[(String, Vec<String>)], place: &BTreeMap<&str, usize>, done: &BTreeSet<usize>) -> Cycle {
    let mut path: Vec<usize> = Vec::new();
    let mut at = (0..steps.len()).find(|n| !done.contains(n));
    while let Some(n) = at {
        if let Some(start) = path.iter().position(|p| *p == n) {
            let mut names: Vec<String> = path[start..].iter().map(|p| steps[*p].0.clone()).collect();
            names.extend(names.first().cloned());
            return Cycle { path: names };
        }
        path.push(n);
        at = steps[n].1.iter().filter_map(|d| place.get(d.as_str()).copied()).find(|d| !done.contains(d));
    }
    Cycle { path: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(list: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        list.iter().map(|(name, after)| ((*name).to_owned(), after.iter().map(|d| (*d).to_owned()).collect())).collect()
    }

    #[test]
    fn a_step_comes_after_all_it_depends_on() {
        let order =
            in_order(&steps(&[("web", &["api"]), ("api", &["migrate"]), ("admin", &["api"]), ("migrate", &[])]));
        assert_eq!(order, Ok(vec![3, 1, 0, 2]));
    }

    #[test]
    fn a_circle_is_told_with_its_path_and_without_the_steps_that_lead_to_it() {
        let cycle = in_order(&steps(&[("a", &["b"]), ("b", &["c"]), ("c", &["d"]), ("d", &["b"]), ("e", &[])]))
            .expect_err("a circle");
        assert_eq!(cycle.path, ["b", "c", "d", "b"]);
        assert_eq!(cycle.to_string(), "the steps wait for each other in a circle: b → c → d → b");
    }

    #[test]
    fn a_step_that_waits_for_itself_is_the_smallest_circle() {
        assert_eq!(in_order(&steps(&[("a", &["a"])])).expect_err("a circle").path, ["a", "a"]);
    }

    #[test]
    fn nothing_to_order_is_in_order() {
        assert_eq!(in_order(&[]), Ok(vec![]));
    }
}
