//! What would be a mistake in the protocol, or in what it decides with.

use super::protocol::Model;
use super::state::{Grant, Hold, Said, Signed, View};
use super::{Act, Decided};

/// A mistake made on purpose: each must come to light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// It decides on a reading whose halves were read at different times.
    SkipsTheSecondReading,
    /// The grant is written whatever the release is by now.
    GrantsBlindly,
    /// A workload is let go whatever it is by now.
    LetsGoBlindly,
    /// A grant counts for content that came later.
    ForgetsTheContent,
    /// A word counts for content that came later.
    ForgetsWhatWasSigned,
    /// A grant counts for ever.
    ForgetsTheTime,
    /// It lets go right after the grant, without looking whether somebody else granted too.
    LooksOnlyOnce,
    /// A grant that ran out is forgotten while whoever was about to use it may still do so.
    ForgetsWhoIsLate,
    IgnoresTheStop,
    IgnoresTheWindow,
    IgnoresTheOrder,
    IgnoresOthers,
    /// It never says that a step is done.
    NeverFinishes,
    /// A grant that nobody carried out is left as it is.
    LeavesWhatCrashed,
}

impl Model<'_> {
    pub(super) fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    pub(super) fn decide(&self, mut view: View) -> Decided {
        if self.makes(Mistake::IgnoresTheStop) {
            view.release.paused = false;
        }
        view.open |= self.makes(Mistake::IgnoresTheWindow);
        view.taken &= !self.makes(Mistake::IgnoresOthers);
        if self.makes(Mistake::IgnoresTheOrder) && view.release.steps[0].hold == Hold::Rolling {
            view.release.steps[0].hold = Hold::Runs;
        }
        let stale = view.release.signed == Signed::Stale;
        if self.makes(Mistake::ForgetsWhatWasSigned) && stale {
            view.release.signed = Signed::Current;
        }
        for step in &mut view.release.steps {
            if self.makes(Mistake::ForgetsTheContent) && step.grant == Grant::Fresh {
                (step.same_version, step.same_template, step.same_digest) = (true, true, true);
            }
            if self.makes(Mistake::ForgetsTheTime) && step.grant == Grant::Void {
                step.grant = Grant::Fresh;
            }
        }
        let mut decided = *self.decided.borrow_mut().entry(view).or_insert_with(|| self.oracle.decide(view));
        if self.makes(Mistake::NeverFinishes) {
            let forgotten = |s: Said| if s == Said::Done { Said::Progressing } else { s };
            decided.said = decided.said.map(forgotten);
        }
        if self.makes(Mistake::LeavesWhatCrashed)
            && view.release.steps.iter().any(|s| s.grant == Grant::Void && s.same_version)
        {
            decided.act = None;
            decided.said = view.release.steps.map(|s| s.said);
        }
        if self.makes(Mistake::ForgetsWhoIsLate)
            && let Some(Act::Withdraw(step)) = decided.act
        {
            let mut without = view;
            without.release.steps[step].grant = Grant::None;
            decided = *self.decided.borrow_mut().entry(without).or_insert_with(|| self.oracle.decide(without));
        }
        decided
    }
}
