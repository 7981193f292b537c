//! What the targets share: everything that a window can be asked, at instants that are hard on it.

/// For the calendar alone, which is optimised.
#[path = "."]
pub mod alone {
    pub use rollcall_calendar::calendar;
    #[path = "ask.rs"]
    pub mod ask;
}

/// For the calendar as a part of rollcall.
#[path = "."]
pub mod whole {
    pub use rollcall::domain::calendar;
    #[path = "ask.rs"]
    pub mod ask;
}
