//! What makes the API server hold, and what of it is missing: the operator's comparison, with a person's eyes.

use serde_json::Value;

use super::read::seen;
use super::{Cluster, Refusal, RefusalKind};
use crate::cli::{Failure, policies};
use crate::cluster::admission::{WEBHOOKS, decode_webhooks, lists_policies};
use crate::cluster::writes::Resource;
use crate::manifests::mechanism::KubernetesVersion;
use crate::manifests::names::{SERVICE_ACCOUNT, WEBHOOK};
use crate::manifests::{self, Install, Mechanism, Reach, trouble, webhook_trouble};

/// What is listed, the mutating ones first: those only where the API server serves them.
const ADMISSION: [(&str, &str); 4] = [
    ("mutatingadmissionpolicies", "MutatingAdmissionPolicy"),
    ("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding"),
    ("validatingadmissionpolicies", "ValidatingAdmissionPolicy"),
    ("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
];
/// Where the API server lists what it serves of these.
const SERVED: &str = "/apis/admissionregistration.k8s.io/v1";
/// What only the operator may do is bound by policies of these names, which name its account.
const BINDS: &str = "bind-operator-";

/// What holds here, as far as the person sees it.
#[derive(Debug)]
pub struct Hold {
    /// What of it is missing or altered, by kind and name.
    pub missing: Vec<String>,
    /// A webhook holds, as there are no policies that could.
    pub by_webhook: bool,
    /// What puts right what is missing.
    pub mend: Mend,
}

/// What puts a hold right of which something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// This command, which installs it again.
    Install(String),
    /// Nothing: the person asks about another installation than the one that is here, which these arguments name.
    Ask(String),
}

impl Mend {
    /// As a person is told.
    #[must_use]
    pub fn said(&self) -> String {
        match self {
            Self::Install(command) => command.clone(),
            Self::Ask(arguments) => format!("name the installation that is here: {arguments}"),
        }
    }
}

/// Looks at what holds. What the person may not see is noted, and nothing is concluded from it.
///
/// # Errors
///
/// When something could not be read for another reason.
pub async fn hold(cluster: &Cluster, unseen: &mut Vec<String>) -> Result<Hold, Failure> {
    let install = match install(cluster).await {
        // Whoever may not even know what is served may see nothing of it.
        Err(refusal) if refusal.kind == RefusalKind::Forbidden => {
            unseen.push("admissionpolicies everywhere".to_owned());
            let mend = Mend::Install(policies::again(&named(cluster, Mechanism::Policies), None));
            return Ok(Hold { missing: Vec::new(), by_webhook: false, mend });
        }
        other => other.map_err(|refusal| refusal.told(&cluster.api))?,
    };
    let by_webhook = install.mechanism != Mechanism::Policies;
    let there = There::read(cluster, by_webhook, unseen).await?;
    let missing = there.missing(&install);
    if !missing.is_empty()
        && let Some((theirs, arguments)) = there.another(&install)
    {
        let missing = vec![format!("what holds here is for {theirs}, not for {}", install.operator_user)];
        return Ok(Hold { missing, by_webhook, mend: Mend::Ask(arguments) });
    }
    let version = if by_webhook && !missing.is_empty() { cluster.api.at("/version").await.ok() } else { None };
    let version = version.and_then(|v| v["gitVersion"].as_str()?.parse::<KubernetesVersion>().ok());
    Ok(Hold { missing, by_webhook, mend: Mend::Install(policies::again(&install, version)) })
}

/// The installation that the person means, with what holds on this API server; it is asked once.
async fn install(cluster: &Cluster) -> Result<Install, Refusal> {
    let ask = async || cluster.api.at(SERVED).await.map(|list| lists_policies(&list));
    let serves = *cluster.serves_policies.get_or_try_init(ask).await?;
    let reach = cluster.webhook_url.clone().map_or(Reach::Service, Reach::Url);
    Ok(named(cluster, Mechanism::of(serves, reach)))
}

fn named(cluster: &Cluster, mechanism: Mechanism) -> Install {
    let operator_user = cluster.operator_user.clone();
    Install { operator_user, mechanism, ..Install::in_namespace(&cluster.platform) }
}

/// What is there, as far as the person may see it.
struct There {
    /// Policies and bindings by kind.
    policies: Vec<(&'static str, Vec<Value>)>,
    /// The webhook configuration without the authorities that it trusts; the outer `None` if it was not to be seen.
    webhooks: Option<Option<Value>>,
}

impl There {
    async fn read(cluster: &Cluster, by_webhook: bool, unseen: &mut Vec<String>) -> Result<Self, Failure> {
        let kinds = &ADMISSION[if by_webhook { 2 } else { 0 }..];
        let reads = kinds.iter().map(|(plural, kind)| {
            let resource = Resource { group: WEBHOOKS.group, version: "v1", plural, kind };
            async move { cluster.api.list(resource, "", "").await }
        });
        let mut policies = Vec::new();
        for ((_, kind), found) in kinds.iter().zip(futures::future::join_all(reads).await) {
            // A kind that is not served has no objects.
            let found = found.or_else(|r| if r.kind == RefusalKind::NoSuchKind { Ok(Vec::new()) } else { Err(r) });
            policies.extend(seen(cluster, found, unseen)?.map(|found| (*kind, found)));
        }
        let found = cluster.api.get(WEBHOOKS, "", WEBHOOK).await;
        let found = seen(cluster, found, unseen)?;
        let webhooks = found.map(|found| {
            found.map(|found| match decode_webhooks(&found.to_string()) {
                Ok(configuration) => configuration.webhooks,
                // What cannot be read is not what was installed.
                Err(_) => Value::Null,
            })
        });
        Ok(Self { policies, webhooks })
    }

    /// What of an installation is missing or altered.
    fn missing(&self, install: &Install) -> Vec<String> {
        let expected = manifests::policies(install);
        let mut missing = Vec::new();
        for (kind, found) in &self.policies {
            for policy in expected.iter().filter(|policy| policy["kind"] == **kind) {
                let same = found.iter().find(|f| f["metadata"]["name"] == policy["metadata"]["name"]);
                missing.extend(trouble(policy, same.map(|f| &f["spec"])));
            }
        }
        let webhook = expected.iter().find(|object| object["kind"] == WEBHOOKS.kind);
        missing.extend(self.webhooks.as_ref().and_then(|found| webhook_trouble(webhook, found.as_ref())));
        missing
    }

    /// Whose it is instead, if all of it is as another installation has it, and the arguments that name that one.
    fn another(&self, install: &Install) -> Option<(String, String)> {
        let binding = self.policies.iter().flat_map(|(_, found)| found).find(|policy| {
            policy["spec"]["matchConditions"].is_array()
                && policy["metadata"]["name"].as_str().is_some_and(|name| name.starts_with(BINDS))
        })?;
        let conditions = binding["spec"]["matchConditions"].as_array()?;
        let texts = conditions.iter().filter_map(|condition| condition["expression"].as_str());
        let mut users =
            texts.filter_map(|text| text.strip_prefix("request.userInfo.username == '")?.strip_suffix('\''));
        let user = users.next()?.to_owned();
        let namespace = user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.strip_suffix(SERVICE_ACCOUNT));
        let (theirs, arguments) = match namespace.and_then(|rest| rest.strip_suffix(':')) {
            Some(namespace) => {
                (Install::in_namespace(namespace), format!("--operator-namespace {}", policies::quoted(namespace)))
            }
            None => {
                let argument = format!("--operator-user {}", policies::quoted(&user));
                (Install { operator_user: user.clone(), ..install.clone() }, argument)
            }
        };
        let theirs = Install { mechanism: install.mechanism.clone(), ..theirs };
        self.missing(&theirs).is_empty().then_some((user, arguments))
    }
}
