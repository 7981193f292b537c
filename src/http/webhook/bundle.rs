//! The authorities that a webhook's configuration trusts, as text: one entry for each replica, headed by a line that
//! says whose it is and when it ends, so that whoever adds one can take away what has ended. Lines between PEM
//! blocks are comments (RFC 7468, section 2). Entries without such a line are somebody else's and stay.

use chrono::{DateTime, Utc};

/// How many entries of replicas are kept, the newest: far more than there are replicas, and few enough for the object.
const KEPT: usize = 24;
const HEAD: &str = "# rollcall ";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// One authority in a bundle.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    /// Whose it is and until when; `None` for those of others.
    head: Option<(String, DateTime<Utc>)>,
    pem: String,
}

/// Whether a bundle trusts an authority.
#[must_use]
pub fn trusts(bundle: &str, authority: &str) -> bool {
    entries(authority).iter().all(|own| entries(bundle).iter().any(|entry| entry.pem == own.pem))
}

/// The bundle with an authority added: without what has ended, and without more entries than are kept. An
/// authority without an end is added as somebody else's, and stays.
#[must_use]
pub fn with(bundle: &str, authority: &str, owner: &str, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let mut all: Vec<Entry> = entries(bundle);
    all.retain(|entry| entry.head.as_ref().is_none_or(|(_, until)| *until > now));
    for own in entries(authority) {
        all.retain(|entry| entry.pem != own.pem);
        all.push(Entry { head: until.map(|until| (owner.to_owned(), until)), pem: own.pem });
    }
    let mut ends: Vec<DateTime<Utc>> = all.iter().filter_map(|e| e.head.as_ref()).map(|(_, until)| *until).collect();
    ends.sort_unstable();
    let excess = ends.len().saturating_sub(KEPT);
    let oldest = ends.get(excess).copied();
    all.retain(|entry| entry.head.as_ref().is_none_or(|(_, until)| excess == 0 || Some(*until) >= oldest));
    all.iter().map(Entry::text).collect()
}

impl Entry {
    fn text(&self) -> String {
        match &self.head {
            Some((owner, until)) => format!("{HEAD}{owner} until {}\n{}\n", until.to_rfc3339(), self.pem),
            None => format!("{}\n", self.pem),
        }
    }
}

fn entries(bundle: &str) -> Vec<Entry> {
    let mut all = Vec::new();
    let mut rest = bundle;
    while let Some((before, block)) = rest.split_once(BEGIN) {
        let Some((body, after)) = block.split_once(END) else { break };
        let head = before.lines().rev().find(|line| !line.trim().is_empty()).and_then(head);
        all.push(Entry { head, pem: format!("{BEGIN}{}{END}", body.replace('\r', "")) });
        rest = after;
    }
    all
}

fn head(line: &str) -> Option<(String, DateTime<Utc>)> {
    let (owner, until) = line.trim().strip_prefix(HEAD)?.split_once(" until ")?;
    Some((owner.to_owned(), DateTime::parse_from_rfc3339(until).ok()?.to_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + day * 86_400, 0).expect("an instant")
    }

    fn pem(name: &str) -> String {
        format!("{BEGIN}\n{name}\n{END}\n")
    }

    #[test]
    fn replicas_add_their_own_and_keep_each_others_until_they_end() {
        let one = with("", &pem("one"), "a", Some(at(14)), at(0));
        let two = with(&one, &pem("two"), "b", Some(at(20)), at(6));
        assert!(trusts(&two, &pem("one")) && trusts(&two, &pem("two")) && !trusts(&one, &pem("two")));
        let three = with(&two, &pem("three"), "a", Some(at(29)), at(15));
        assert!(!trusts(&three, &pem("one")), "it has ended");
        assert!(trusts(&three, &pem("two")));
        assert_eq!(with(&three, &pem("three"), "a", Some(at(29)), at(15)), three, "once is enough");
    }

    #[test]
    fn what_others_added_stays_and_so_does_what_cannot_be_read() {
        let foreign = format!("Subject: somebody\n{}", pem("theirs"));
        let both = with(&foreign, &pem("own"), "a", Some(at(1)), at(0));
        let later = with(&both, &pem("new"), "a", Some(at(9)), at(5));
        assert!(trusts(&later, &pem("theirs")) && trusts(&later, &pem("new")) && !trusts(&later, &pem("own")));
        assert!(trusts(&with("# rollcall x until never\n", &pem("own"), "a", None, at(0)), &pem("own")));
        assert_eq!(entries(&format!("{BEGIN} cut off")), []);
    }

    #[test]
    fn a_crash_loop_cannot_grow_the_object_without_end() {
        let mut bundle = pem("theirs");
        for n in 0..100 {
            bundle = with(&bundle, &pem(&format!("n{n}")), "a", Some(at(n)), at(0));
        }
        assert_eq!(entries(&bundle).len(), KEPT + 1);
        assert!(trusts(&bundle, &pem("n99")) && trusts(&bundle, &pem("theirs")) && !trusts(&bundle, &pem("n0")));
    }
}
