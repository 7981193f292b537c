//! What somebody probably meant.

/// The name that differs least, if it differs by few letters or one contains the other.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(2);
    let scored = known.into_iter().filter_map(|candidate| {
        let distance = distance(name, candidate);
        let contained = name.len() > 2 && (candidate.contains(name) || name.contains(candidate));
        (distance <= limit || contained).then_some((distance, candidate))
    });
    scored.min().map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out, replaced, or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().take(253).collect(), other.chars().take(253).collect());
    let mut rows: [Vec<usize>; 3] = [vec![0; b.len() + 1], (0..=b.len()).collect(), vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        rows[2][0] = i;
        for j in 1..=b.len() {
            let replaced = rows[1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[1][j] + 1).min(rows[2][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[0][j - 2] + 1);
            }
            rows[2][j] = least;
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_understood_and_another_word_is_not() {
        let known = ["checkout-2", "search-88", "mail-31"];
        assert_eq!(nearest("chekcout-2", known), Some("checkout-2"));
        assert_eq!(nearest("checkout", known), Some("checkout-2"));
        assert_eq!(nearest("serach-88", known), Some("search-88"));
        assert_eq!(nearest("payments", known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("ab", "ba"), 1);
    }
}
