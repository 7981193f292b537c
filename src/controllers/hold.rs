//! What makes the API server hold: what is expected of it, and what of that is missing or altered.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::watches::POLICY_KINDS;
use super::world::Stores;
use crate::cluster::ObjectKey;
use crate::manifests::names::WEBHOOK;
use crate::manifests::{Install, Mechanism, policies, trouble, webhook_trouble};

/// What an installation expects of the API server.
struct Expected {
    install: Install,
    /// The policies and bindings, in the order of [`Stores::policies`].
    policies: [Vec<Value>; 4],
    /// The webhook configuration; nothing where policies hold.
    webhook: Option<Value>,
}

impl Expected {
    /// A process has one installation, so this is made once; a simulation starts thousands of processes in one.
    fn of(install: Install) -> Arc<Self> {
        static MADE: Mutex<Option<Arc<Expected>>> = Mutex::new(None);
        let made = MADE.lock().ok().and_then(|made| made.clone());
        if let Some(made) = made.filter(|made| made.install == install) {
            return made;
        }
        let all = policies(&install);
        let of_kind = |kind: &str| -> Vec<Value> { all.iter().filter(|p| p["kind"] == kind).cloned().collect() };
        let (policies, webhook) =
            (POLICY_KINDS.map(|r| of_kind(r.kind)), of_kind("MutatingWebhookConfiguration").pop());
        let made = Arc::new(Self { install, policies, webhook });
        if let Ok(mut kept) = MADE.lock() {
            *kept = Some(made.clone());
        }
        made
    }

    fn missing(&self, stores: &Stores) -> Vec<String> {
        let mut missing = Vec::new();
        for (expected, store) in self.policies.iter().zip(&stores.policies) {
            for policy in expected {
                let name = policy["metadata"]["name"].as_str().unwrap_or_default();
                let found = store.get(&ObjectKey::new("", name));
                missing.extend(trouble(policy, found.as_ref().map(|found| &found.spec)));
            }
        }
        let found = stores.webhooks.get(&ObjectKey::new("", WEBHOOK));
        missing.extend(webhook_trouble(self.webhook.as_ref(), found.as_ref().map(|found| &found.webhooks)));
        missing
    }
}

/// What holds, as this API server allows.
pub struct Hold {
    pub mechanism: Mechanism,
    expected: Arc<Expected>,
    /// What was missing when it was compared last; nothing if something has changed since.
    missing: Mutex<Option<Vec<String>>>,
}

impl Hold {
    #[must_use]
    pub fn of(install: Install) -> Self {
        Self { mechanism: install.mechanism.clone(), expected: Expected::of(install), missing: Mutex::default() }
    }

    /// What of the hold is missing or altered, by kind and name; empty if the API server holds what must be held.
    #[must_use]
    pub fn missing(&self, stores: &Stores) -> Vec<String> {
        let Ok(mut missing) = self.missing.lock() else {
            return vec!["what holds is not known".to_owned()];
        };
        missing.get_or_insert_with(|| self.expected.missing(stores)).clone()
    }

    /// Takes in that a store shows something else: it is compared when somebody asks, once, and not for each decision.
    pub fn changed(&self) {
        if let Ok(mut missing) = self.missing.lock() {
            *missing = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::objects::decode_policy;
    use crate::cluster::watch::WatchEvent;

    #[test]
    fn what_is_missing_is_known_anew_once_a_store_has_changed() {
        let hold = Hold::of(Install::default());
        let stores = Stores::default();
        let all = policies(&Install::default());
        assert_eq!(hold.missing(&stores).len(), all.len());
        let show = |policy: &Value| {
            let n = POLICY_KINDS.iter().position(|kind| policy["kind"] == kind.kind).expect("a kind");
            let decoded = decode_policy(&policy.to_string()).expect("a policy");
            assert_eq!(stores.policies[n].apply(WatchEvent::Applied(decoded)).len(), 1);
            hold.changed();
        };
        all.iter().for_each(show);
        assert_eq!(hold.missing(&stores), Vec::<String>::new());
        let mut altered = all[0].clone();
        altered["spec"]["failurePolicy"] = json!("Ignore");
        altered["metadata"]["resourceVersion"] = json!("2");
        show(&altered);
        assert!(hold.missing(&stores)[0].contains("was altered"), "{:?}", hold.missing(&stores));
    }

    #[test]
    fn each_installation_expects_what_is_its_own() {
        let other = Install { operator_user: "system:serviceaccount:x:y".into(), ..Install::default() };
        let (one, two) = (Expected::of(Install::default()), Expected::of(other));
        assert_ne!(one.policies, two.policies);
        assert_eq!(one.policies, Expected::of(Install::default()).policies);
    }
}
