//! What makes the API server hold and stamp: mutating policies where it has them, a webhook where it has not.
//! One or the other, never both; the guards are the same for both, and have been there since Kubernetes 1.30.

use std::str::FromStr;

use serde_json::Value;

use super::{Install, policies, webhook};

/// What holds and stamps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mechanism {
    /// MutatingAdmissionPolicies, from Kubernetes 1.36 on.
    #[default]
    Policies,
    /// A webhook that the operator serves.
    Webhook(Reach),
}

/// Where the API server finds the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Through a Service in the operator's namespace.
    Service,
    /// At this `https://host:port`, for an operator that runs outside of the cluster.
    Url(String),
}

impl Mechanism {
    /// The one place that decides which it is: by whether the API server serves `mutatingadmissionpolicies` of
    /// `admissionregistration.k8s.io/v1`, which it does from [`KubernetesVersion::POLICIES`] on.
    #[must_use]
    pub fn of(serves_policies: bool, reach: Reach) -> Self {
        if serves_policies { Self::Policies } else { Self::Webhook(reach) }
    }
}

/// A minor version of Kubernetes, such as `1.34`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion {
    pub major: u32,
    pub minor: u32,
}

impl KubernetesVersion {
    /// The first one that has ValidatingAdmissionPolicies of version v1, without which nothing fails closed.
    pub const OLDEST: Self = Self { major: 1, minor: 30 };
    /// The first one that has MutatingAdmissionPolicies of version v1.
    pub const POLICIES: Self = Self { major: 1, minor: 36 };

    /// Whether its API server serves MutatingAdmissionPolicies of version v1.
    #[must_use]
    pub fn serves_policies(self) -> bool {
        self >= Self::POLICIES
    }
}

impl FromStr for KubernetesVersion {
    type Err = String;

    /// Reads `1.34`, `v1.34`, `1.34.4` or `v1.34.4-gke.1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.trim_start_matches('v').splitn(3, '.').map(|number| {
            let digits = number.trim_end_matches('+');
            if digits.is_empty() { None } else { digits.parse().ok() }
        });
        let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else {
            return Err("write a Kubernetes version such as 1.34".to_owned());
        };
        let version = Self { major, minor };
        if version < Self::OLDEST {
            return Err(format!(
                "rollcall needs Kubernetes {}.{} or newer: older ones have no policies that fail closed",
                Self::OLDEST.major,
                Self::OLDEST.minor
            ));
        }
        Ok(version)
    }
}

/// What of an installation the API server enforces, in the order in which it is to be installed: guards, then what
/// they guard.
#[must_use]
pub fn admission(install: &Install) -> Vec<Value> {
    let all = policies::policies(install);
    match &install.mechanism {
        Mechanism::Policies => all,
        Mechanism::Webhook(reach) => {
            let (mutating, mut rest): (Vec<Value>, Vec<Value>) = all.into_iter().partition(is_mutating);
            rest.extend(webhook::self_binding(install));
            rest.push(webhook::configuration(install, reach, &mutating));
            rest
        }
    }
}

/// Whether this is a mutating policy or the binding of one.
pub(super) fn is_mutating(object: &Value) -> bool {
    object["kind"].as_str().is_some_and(|kind| kind.starts_with("MutatingAdmissionPolicy"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_decides_and_one_that_cannot_fail_closed_is_refused() {
        for (text, serves) in [
            ("1.36", true),
            ("v1.37.2", true),
            ("1.35", false),
            ("v1.34.4-eks-1", false),
            ("1.30+", false),
            ("2.0", true),
        ] {
            assert_eq!(text.parse::<KubernetesVersion>().map(KubernetesVersion::serves_policies), Ok(serves), "{text}");
        }
        for text in ["1.29", "1", "", "v", "1.x", "new", "1."] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_holds_is_there_once_and_its_guards_are_the_same_either_way() {
        let of = |mechanism| admission(&Install { mechanism, ..Install::default() });
        let (policies, webhook) = (of(Mechanism::Policies), of(Mechanism::Webhook(Reach::Service)));
        let holds = |all: &[Value], kind: &str| all.iter().filter(|object| object["kind"] == kind).count();
        assert_eq!(holds(&policies, "MutatingWebhookConfiguration"), 0);
        assert_eq!(holds(&webhook, "MutatingWebhookConfiguration"), 1);
        assert_eq!(holds(&webhook, "MutatingAdmissionPolicy") + holds(&webhook, "MutatingAdmissionPolicyBinding"), 0);
        for guard in policies.iter().filter(|object| !is_mutating(object)) {
            assert!(webhook.contains(guard), "{guard:#}");
        }
        assert_eq!(webhook.last().map(|object| object["kind"].clone()), Some("MutatingWebhookConfiguration".into()));
    }
}
