//! The command as users run it: arguments in, text and exit code out.

mod plan;
