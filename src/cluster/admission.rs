//! What a webhook needs of the API server: its own configuration, and what a requester may do.

use std::collections::BTreeMap;

use http::Method;
use k8s_openapi::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::objects::{Meta, WireMeta};
use super::writes::{ApiError, Objects, Resource};
use super::{ObjectKey, Projected, ResourceVersion};

pub const WEBHOOKS: Resource = Resource {
    group: "admissionregistration.k8s.io",
    version: "v1",
    plural: "mutatingwebhookconfigurations",
    kind: "MutatingWebhookConfiguration",
};
/// A MutatingWebhookConfiguration as it stands in the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookConfiguration {
    pub meta: Meta,
    /// Its webhooks without the authorities that they trust.
    pub webhooks: Value,
    /// The authorities that each webhook trusts, in PEM; empty if it says nothing.
    pub trusted: Vec<String>,
}

impl Projected for WebhookConfiguration {
    fn key(&self) -> &ObjectKey {
        &self.meta.key
    }

    fn resource_version(&self) -> &ResourceVersion {
        &self.meta.version
    }
}

/// Reads one MutatingWebhookConfiguration. Authorities that are no text count as none.
///
/// # Errors
///
/// What is wrong with it, in serde's words.
pub fn decode_webhooks(text: &str) -> Result<WebhookConfiguration, String> {
    #[derive(Deserialize)]
    struct Object {
        metadata: WireMeta,
        #[serde(default)]
        webhooks: Vec<Value>,
    }
    let mut object: Object = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let mut trusted = Vec::new();
    for webhook in &mut object.webhooks {
        let bundle = webhook.get_mut("clientConfig").and_then(Value::as_object_mut).and_then(|c| c.remove("caBundle"));
        let bytes = bundle.and_then(|bundle| serde_json::from_value::<ByteString>(bundle).ok());
        trusted.push(bytes.and_then(|bytes| String::from_utf8(bytes.0).ok()).unwrap_or_default());
    }
    Ok(WebhookConfiguration { meta: object.metadata.kept(), webhooks: object.webhooks.into(), trusted })
}

/// Who asks, as an AdmissionReview says it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Requester {
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub uid: String,
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub extra: BTreeMap<String, Vec<String>>,
}

/// What somebody may do in a namespace, or not.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    pub namespace: &'a str,
    pub verb: &'a str,
    pub group: &'a str,
    pub resource: &'a str,
    pub subresource: &'a str,
}

impl Objects {
    /// Whether whoever makes a request may do something, as the API server's authorizers say.
    ///
    /// # Errors
    ///
    /// When it could not be found out.
    pub async fn may_requester(&self, who: &Requester, access: Access<'_>) -> Result<bool, ApiError> {
        let spec = json!({"user": who.username, "uid": who.uid, "groups": who.groups, "extra": who.extra});
        let attributes = json!({"namespace": access.namespace, "verb": access.verb, "group": access.group,
            "resource": access.resource, "subresource": access.subresource});
        self.allows(spec, attributes).await
    }

    /// Replaces the authorities that each webhook of a configuration trusts, if it still has this version.
    ///
    /// # Errors
    ///
    /// [`ApiError::Conflict`] if it has another version; nothing was written then.
    pub async fn trust(&self, configuration: &WebhookConfiguration, bundles: &[String]) -> Result<(), ApiError> {
        let version = configuration.meta.version.as_str();
        let mut patch = vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": version})];
        for (at, bundle) in bundles.iter().enumerate() {
            let path = format!("/webhooks/{at}/clientConfig/caBundle");
            patch.push(json!({"op": "add", "path": path, "value": ByteString(bundle.as_bytes().to_vec())}));
        }
        let name = &*configuration.meta.key.name;
        let patch = Some(Value::Array(patch));
        match self.send(Method::PATCH, WEBHOOKS, "", name, "", "application/json-patch+json", patch).await {
            Ok(_) => Ok(()),
            // A failed test is answered as an invalid request.
            Err(ApiError::Refused { message, .. }) if message.contains("test") => {
                Err(ApiError::Conflict { what: WEBHOOKS.said("", name) })
            }
            Err(other) => Err(other),
        }
    }

    /// Whether the API server serves MutatingAdmissionPolicies of version v1.
    ///
    /// # Errors
    ///
    /// When it could not be found out.
    pub async fn serves_policies(&self) -> Result<bool, ApiError> {
        let resource = Resource { group: WEBHOOKS.group, version: "v1", plural: "", kind: "APIResourceList" };
        let text = self.send(Method::GET, resource, "", "", "", "", None).await?;
        let list: Value = serde_json::from_str(&text)
            .map_err(|e| ApiError::Unknown { what: resource.kind.to_owned(), message: e.to_string() })?;
        Ok(lists_policies(&list))
    }
}

/// Whether MutatingAdmissionPolicies are among what an API server says that it serves of
/// `admissionregistration.k8s.io/v1`.
#[must_use]
pub fn lists_policies(list: &Value) -> bool {
    let all = list["resources"].as_array();
    all.into_iter().flatten().any(|resource| resource["name"] == "mutatingadmissionpolicies")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_read_apart_from_what_a_webhook_says() {
        let text = json!({"metadata": {"name": "rollcall", "resourceVersion": "3"}, "webhooks": [
            {"name": "a", "clientConfig": {"url": "https://a", "caBundle": "aGVsbG8="}}, {"name": "b", "clientConfig": {"url": "https://b"}}]});
        let read = decode_webhooks(&text.to_string()).expect("decodes");
        assert_eq!(read.trusted, ["hello", ""]);
        assert_eq!(read.webhooks[0], json!({"name": "a", "clientConfig": {"url": "https://a"}}));
        assert!(decode_webhooks("{}").is_err());
    }
}
