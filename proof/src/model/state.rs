//! One state of the small cluster, and how it is kept: in 128 bits.

/// Whether a workload's content is held, rolls out, or runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    Held,
    Rolling,
    Runs,
}

/// What the status of a release says of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Said {
    Waiting,
    Granted,
    Progressing,
    Done,
}

/// A recorded grant: none, given a moment ago, or too old to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grant {
    None,
    Fresh,
    Void,
}

/// A team's word on the content of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signed {
    Not,
    Current,
    /// For content that has changed since.
    Stale,
}

/// One step, its workload, and what is recorded of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    pub hold: Hold,
    pub said: Said,
    pub grant: Grant,
    /// The workload has the version, the template and the release the digest that the grant names.
    pub same_version: bool,
    pub same_template: bool,
    pub same_digest: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    pub paused: bool,
    pub signed: Signed,
    pub steps: [Step; 2],
}

/// What a process is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    Idle,
    /// It has read half of what it needs (only a process that makes a mistake decides on halves).
    Half,
    /// It writes a status and nothing else.
    Report,
    /// It records a grant.
    Grant,
    /// It writes a status and then lets go what was granted before.
    Release,
    /// It lets go.
    LetGo,
    /// It makes sure that a grant that ran out can be used by nobody any more.
    Withdraw,
}

/// One process that believes it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leader {
    pub phase: Phase,
    pub release: u8,
    pub step: u8,
    /// What it is going to write into the status.
    pub said: [Said; 2],
    /// The release, or the workload, was written by somebody else since it was read.
    pub release_moved: bool,
    pub workload_moved: bool,
    /// The content of the release was changed since it was read.
    pub content_moved: bool,
    /// So much time has passed that a grant of that reading counts no more.
    pub late: bool,
    /// At some instant since it began, all gates were really open for the step.
    pub was_open: bool,
    /// Half a reading: whether the window was open and the first word given.
    pub half: [bool; 2],
}

impl Leader {
    pub const IDLE: Self = Self {
        phase: Phase::Idle,
        release: 0,
        step: 0,
        said: [Said::Waiting; 2],
        release_moved: false,
        workload_moved: false,
        content_moved: false,
        late: false,
        was_open: false,
        half: [false; 2],
    };
}

/// How often people and clocks may still do their worst. What only helps is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Budget {
    pub edits: u8,
    pub touches: u8,
    pub stops: u8,
    pub withdrawals: u8,
    pub closings: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    pub open: bool,
    pub releases: [Release; 3],
    pub leaders: [Leader; 2],
    pub left: Budget,
}

/// What a process sees of one release, and all that a decision about it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View {
    pub release: Release,
    pub open: bool,
    /// Another release has the resource under way, as its status says.
    pub taken: bool,
}

impl State {
    /// A release as it really is.
    #[must_use]
    pub fn view(&self, release: usize) -> View {
        let others = self.releases.iter().enumerate().filter(|(n, _)| *n != release);
        let taken = others.into_iter().any(|(_, r)| matches!(r.steps[0].said, Said::Granted | Said::Progressing));
        View { release: self.releases[release], open: self.open, taken }
    }

    /// How many rollouts use the resource now, whatever anybody says of it.
    #[must_use]
    pub fn users(&self) -> usize {
        self.releases.iter().filter(|r| r.steps[0].hold == Hold::Rolling).count()
    }

    /// Whether all is done and everybody has been told.
    #[must_use]
    pub fn all_done(&self) -> bool {
        self.releases.iter().all(Release::is_finished)
    }

    /// The same state as seen by somebody who does not tell the releases, or the processes, apart: the smallest of all
    /// that differ only in names.
    #[must_use]
    pub fn canonical(&self) -> u128 {
        const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let releases = self.releases.map(|r| r.bits());
        let mut least = u128::MAX;
        for order in ORDERS {
            // Releases that do not tell which leader is at work on them sort by themselves; leaders follow.
            if releases[order[0]] > releases[order[1]] || releases[order[1]] > releases[order[2]] {
                continue;
            }
            let mut place = [0; 3];
            order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
            let mut leaders = self.leaders.map(|l| l.bits(&place));
            leaders.sort_unstable();
            let mut bits = u128::from(self.left.bits()) << 1 | u128::from(self.open);
            for old in order {
                bits = bits << 21 | u128::from(releases[old]);
            }
            for leader in leaders {
                bits = bits << 18 | u128::from(leader);
            }
            least = least.min(bits);
        }
        least
    }

    /// The state of its bits.
    #[must_use]
    pub fn from_bits(mut bits: u128) -> Self {
        let mut take = |n: u32| {
            let low = (bits & ((1 << n) - 1)) as u32;
            bits >>= n;
            low
        };
        let second = Leader::from_bits(take(18));
        let first = Leader::from_bits(take(18));
        let mut releases = [0, 1, 2].map(|_| Release::from_bits(take(21)));
        releases.reverse();
        let open = take(1) == 1;
        Self { open, releases, leaders: [first, second], left: Budget::from_bits(take(15)) }
    }
}

impl Budget {
    fn bits(self) -> u32 {
        [self.edits, self.touches, self.stops, self.withdrawals, self.closings]
            .iter()
            .fold(0, |b, n| b << 3 | u32::from(*n))
    }

    fn from_bits(bits: u32) -> Self {
        let field = |n: u32| (bits >> (3 * n) & 7) as u8;
        Self { edits: field(4), touches: field(3), stops: field(2), withdrawals: field(1), closings: field(0) }
    }
}

const HOLDS: [Hold; 3] = [Hold::Held, Hold::Rolling, Hold::Runs];
const SAID: [Said; 4] = [Said::Waiting, Said::Granted, Said::Progressing, Said::Done];
const GRANTS: [Grant; 3] = [Grant::None, Grant::Fresh, Grant::Void];
const SIGNED: [Signed; 3] = [Signed::Not, Signed::Current, Signed::Stale];
const PHASES: [Phase; 7] =
    [Phase::Idle, Phase::Half, Phase::Report, Phase::Grant, Phase::Release, Phase::LetGo, Phase::Withdraw];

impl Step {
    fn bits(self) -> u32 {
        let flags =
            u32::from(self.same_version) << 2 | u32::from(self.same_template) << 1 | u32::from(self.same_digest);
        (self.hold as u32) << 7 | (self.said as u32) << 5 | (self.grant as u32) << 3 | flags
    }

    fn from_bits(bits: u32) -> Self {
        Self {
            hold: HOLDS[(bits >> 7 & 3) as usize],
            said: SAID[(bits >> 5 & 3) as usize],
            grant: GRANTS[(bits >> 3 & 3) as usize],
            same_version: bits & 4 != 0,
            same_template: bits & 2 != 0,
            same_digest: bits & 1 != 0,
        }
    }
}

impl Release {
    /// Everybody has been told that all is done: nobody looks at it any more.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.steps.iter().all(|s| s.said == Said::Done)
    }

    fn bits(self) -> u32 {
        u32::from(self.paused) << 20 | (self.signed as u32) << 18 | self.steps[0].bits() << 9 | self.steps[1].bits()
    }

    fn from_bits(bits: u32) -> Self {
        Self {
            paused: bits >> 20 & 1 == 1,
            signed: SIGNED[(bits >> 18 & 3) as usize],
            steps: [Step::from_bits(bits >> 9 & 511), Step::from_bits(bits & 511)],
        }
    }
}

impl Leader {
    fn bits(self, place: &[usize; 3]) -> u32 {
        if self.phase == Phase::Idle {
            return 0;
        }
        let flags = [
            self.content_moved,
            self.release_moved,
            self.workload_moved,
            self.late,
            self.was_open,
            self.half[0],
            self.half[1],
        ];
        let flags = flags.iter().fold(0, |b, flag| b << 1 | u32::from(*flag));
        let said = (self.said[0] as u32) << 2 | self.said[1] as u32;
        let release = place[usize::from(self.release)] as u32;
        (self.phase as u32) << 14 | release << 12 | u32::from(self.step) << 11 | said << 7 | flags
    }

    fn from_bits(bits: u32) -> Self {
        let flag = |n: u32| bits >> n & 1 == 1;
        Self {
            phase: PHASES[(bits >> 14 & 7) as usize],
            release: (bits >> 12 & 3) as u8,
            step: (bits >> 11 & 1) as u8,
            said: [SAID[(bits >> 9 & 3) as usize], SAID[(bits >> 7 & 3) as usize]],
            content_moved: flag(6),
            release_moved: flag(5),
            workload_moved: flag(4),
            late: flag(3),
            was_open: flag(2),
            half: [flag(1), flag(0)],
        }
    }
}
