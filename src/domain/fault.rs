//! "Your text is wrong, here": neither an error (we could not find out) nor a blocker (not yet).

use std::fmt;

/// One thing that is wrong with a text that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Fault {
    /// The field, as `spec.steps[2].dependsOn[0]`.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Fault {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// All that is wrong with one object, in the order of its fields. Never empty when it is returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault::new(path, message));
    }

    /// The value if nothing is wrong, else everything that is.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_there_only_if_nothing_is_wrong_and_else_all_that_is_is_told() {
        let mut faults = Faults::default();
        assert_eq!(faults.clone().or(1), Ok(1));
        faults.add("spec.steps", "there is none");
        faults.add("spec.onFailure", "no such word");
        assert_eq!(faults.to_string(), "spec.steps: there is none; spec.onFailure: no such word");
        assert_eq!(faults.clone().or(1), Err(faults));
    }
}
