//! Whether an override counts: one word, for a while, for one content.

use std::borrow::Cow;

use super::situation::{Override, Situation};

/// Where the override of a release stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It lets what would ship now past the gates that it names.
    InForce,
    /// Its end has come.
    Ended,
    /// It was given, or has been used, for other content.
    ForOther { digest: String },
    /// The API server stamped nobody.
    Unstamped,
}

impl Standing {
    /// As the status says it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::InForce => "InForce",
            Self::Ended => "Ended",
            Self::ForOther { .. } => "ForOtherContent",
            Self::Unstamped => "NotStamped",
        }
    }
}

/// Where the override stands for this content; `None` if there is none. Once a step went under it, it is spent on
/// the content that went: whoever wants other content past the gates gives another word.
#[must_use]
pub fn standing(s: &Situation, digest: &str) -> Option<Standing> {
    let over = s.release.over.as_ref()?;
    let spent = s.record.overrides.iter().filter(|used| used.over == *over).map(|used| &used.digest);
    let bound = over.digest.iter().chain(spent).find(|bound| *bound != digest);
    Some(if over.by.is_empty() {
        Standing::Unstamped
    } else if s.now >= over.until {
        Standing::Ended
    } else if let Some(digest) = bound {
        Standing::ForOther { digest: digest.clone() }
    } else {
        Standing::InForce
    })
}

/// The situation without an override that does not count for this content.
pub fn that_counts<'a>(s: &'a Situation, digest: &str) -> Cow<'a, Situation> {
    match standing(s, digest) {
        None | Some(Standing::InForce) => Cow::Borrowed(s),
        Some(_) => {
            let mut without = s.clone();
            without.release.over = None;
            Cow::Owned(without)
        }
    }
}

/// An override that let something go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub over: Override,
    /// What went under it.
    pub digest: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scheduling::decide;
    use crate::domain::scheduling::fixtures::{Given, check, ready};
    use crate::domain::scheduling::situation::Skip;

    fn frozen() -> Given {
        ready().frozen("08:00:00", "10:00:00").overriding(&[Skip::Freeze], "09:30:00")
    }

    fn used_for(given: Given, digest: &str) -> Given {
        let digest = digest.to_owned();
        given.with(|s| {
            let over = s.release.over.clone().expect("an override");
            s.record.overrides.push(Used { over, digest });
        })
    }

    #[test]
    fn what_was_used_for_this_content_goes_on_counting_for_it() {
        let digest = frozen().digest();
        check(&used_for(frozen(), &digest), &["grant data", "grant shop"], &[]);
    }

    #[test]
    fn what_was_used_for_other_content_counts_no_more() {
        let spent = used_for(frozen(), "sha256:other");
        check(&spent, &[], &["RC033 data", "RC033 shop"]);
        let digest = decide(&spent.0).digest;
        assert_eq!(standing(&spent.0, &digest), Some(Standing::ForOther { digest: "sha256:other".into() }));
    }

    #[test]
    fn another_word_of_the_same_person_is_another_override() {
        let again = used_for(frozen(), "sha256:other").with(|s| {
            s.release.over.as_mut().expect("one").ticket = "INC-2".into();
        });
        check(&again, &["grant data", "grant shop"], &[]);
    }

    #[test]
    fn an_override_that_names_content_counts_for_no_other() {
        let named =
            |digest: &str| frozen().with(|s| s.release.over.as_mut().expect("one").digest = Some(digest.to_owned()));
        check(&named(&frozen().digest()), &["grant data", "grant shop"], &[]);
        check(&named("sha256:other"), &[], &["RC033 data", "RC033 shop"]);
    }

    #[test]
    fn it_is_void_at_its_end_and_without_a_name() {
        let end = frozen().at("09:30:00");
        assert_eq!(standing(&end.0, "x"), Some(Standing::Ended));
        let nobody = frozen().with(|s| s.release.over.as_mut().expect("one").by.clear());
        assert_eq!(standing(&nobody.0, "x"), Some(Standing::Unstamped));
        check(&nobody, &[], &["RC033 data", "RC033 shop"]);
        assert_eq!(standing(&ready().0, "x"), None);
    }

    #[test]
    fn a_status_says_where_it_stands_and_never_which_content_it_was_for() {
        let words =
            [Standing::InForce, Standing::Ended, Standing::ForOther { digest: "d".into() }, Standing::Unstamped];
        assert_eq!(words.map(|standing| standing.as_str()), ["InForce", "Ended", "ForOtherContent", "NotStamped"]);
    }
}
