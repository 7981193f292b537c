//! Whom the API server calls and trusts, and who may change that.

use std::path::Path;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use super::Old;
use crate::support::operator::Operator;
use crate::support::{Done, blocker_codes, shop};
use rollcall::api::names::LET_GO_BY;
use rollcall::manifests::to_yaml;

const CONFIGURATION: &str = "mutatingwebhookconfiguration";

pub async fn is_ready_only_when_trusted(old: &Old, operator: &Operator) -> Done {
    // It looks every few seconds, and the API server may trust it before it has looked.
    let ready = || async {
        let said = operator.ask(&old.installed, "/readyz").await?;
        Ok(said.contains("[+]webhook ok").then_some(()))
    };
    old.installed.until("the operator says that its webhook is trusted", ready).await?;
    let found = old.installed.get(CONFIGURATION, "", "rollcall").await?.unwrap_or_default();
    let all = found["webhooks"].as_array().cloned().unwrap_or_default();
    assert!(!all.is_empty() && all.iter().all(|w| w["clientConfig"]["caBundle"].is_string()), "{found:#}");
    Ok(())
}

/// The operator may add authorities, and its account nothing else, whatever rights it has.
pub async fn a_stolen_token_redirects_nothing(old: &Old) -> Done {
    let operator = old.installed.plane.service_account("rollcall-system", "rollcall").await?.client()?;
    let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration");
    let api = Api::<DynamicObject>::all_with(operator, &ApiResource::from_gvk(&kind));
    for (patch, word) in [
        (
            json!([{"op": "replace", "path": "/webhooks/0/clientConfig", "value": {"url": "https://127.0.0.1:1"}}]),
            "only which",
        ),
        (json!([{"op": "replace", "path": "/webhooks/0/rules/0/resources", "value": ["secrets"]}]), "only which"),
        (json!([{"op": "remove", "path": "/webhooks/0"}]), "only which"),
    ] {
        let patch = Patch::Json::<()>(serde_json::from_value(patch)?);
        let refused = api.patch("rollcall", &PatchParams::default(), &patch).await.expect_err("refused").to_string();
        assert!(refused.contains(word), "{refused}");
    }
    assert!(api.delete("rollcall", &Default::default()).await.is_err());
    Ok(())
}

/// A webhook that somebody narrowed holds less than it should: nothing goes until it is as it was.
pub async fn an_altered_webhook_closes_every_gate(old: &Old, operator: &Operator) -> Done {
    let installed = &old.installed;
    let release = shop::release("gated");
    installed.apply(&installed.admin, &to_yaml(&[release])).await?;
    // Something that waits for it.
    let image = r#"{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"registry.example/api:10"}]}}}}"#;
    installed.kubectl(&["patch", "deployment", "api", "-n", "core", "-p", image]).await?;
    let before = installed.get(CONFIGURATION, "", "rollcall").await?.unwrap_or_default();
    let narrowed =
        json!([{"op": "replace", "path": "/webhooks/0/objectSelector", "value": {"matchLabels": {"a": "b"}}}]);
    installed.kubectl(&["patch", CONFIGURATION, "rollcall", "--type=json", "-p", &narrowed.to_string()]).await?;
    let told =
        |release: &Value| release["status"].to_string().contains("MutatingWebhookConfiguration rollcall was altered");
    let is = async |altered: bool| {
        installed
            .until("the release says whether the hold is in force", || async {
                let found = installed.get("coordinatedrelease", "releases", "gated").await?.unwrap_or_default();
                let answered = !blocker_codes(&found).is_empty();
                Ok((answered && told(&found) == altered).then_some(()))
            })
            .await
    };
    is(true).await?;
    let metrics = operator.ask(installed, "/metrics").await?;
    assert!(metrics.contains("rollcall_policy_intact 0"), "the metric says so too");
    let said = asked(old, &["why", "releases/gated"]).await?;
    assert!(said.contains("RC020") && said.contains("MutatingWebhookConfiguration rollcall was altered"), "{said}");
    let again = format!("rollcall policies --kubernetes-version 1.34 --webhook-url https://127.0.0.1:{} |", old.port);
    assert!(said.contains(&again), "{said}");
    let back = json!([{"op": "replace", "path": "/webhooks/0/objectSelector", "value": before["webhooks"][0]["objectSelector"]}]);
    installed.kubectl(&["patch", CONFIGURATION, "rollcall", "--type=json", "-p", &back.to_string()]).await?;
    is(false).await?;
    let said = asked(old, &["why", "releases/gated"]).await?;
    assert!(said.contains("releases/gated") && !said.contains("error:") && !said.contains("RC020"), "{said}");
    let said = asked(old, &["doctor", "-n", "core"]).await?;
    assert!(said.contains("guards, bindings and the webhook are there") && said.contains("came back held"), "{said}");
    Ok(())
}

/// What the command answers the administrator.
async fn asked(old: &Old, args: &[&str]) -> Done<String> {
    let url = format!("https://127.0.0.1:{}", old.port);
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.args(args).args(["--webhook-url", &url]).arg("--kubeconfig").arg(old.installed.admin.kubeconfig_path());
    let out = command.output().await?;
    Ok(format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

/// What is held goes no later than it was granted, by the API server's clock.
pub async fn what_comes_late_is_refused(old: &Old) -> Done {
    let operator = old.installed.plane.service_account("rollcall-system", "rollcall").await?.client()?;
    let api = Api::<Deployment>::namespaced(operator, "core");
    let by = |seconds: i64| {
        let by = rollcall::api::time::to_wire(chrono::Utc::now() + chrono::TimeDelta::seconds(seconds));
        Patch::Merge(json!({"metadata": {"annotations": {LET_GO_BY: by}}}))
    };
    // First what is in time: were the late instant the one that is there already, nothing would be written.
    api.patch("api", &PatchParams::default(), &by(600)).await?;
    let refused = api.patch("api", &PatchParams::default(), &by(-3)).await.expect_err("it is late").to_string();
    assert!(refused.contains("later than") && refused.contains("granted anew"), "{refused}");
    Ok(())
}

/// Certificates as cert-manager mounts them, and replaces them while the operator runs.
pub async fn mounted_certificates_are_read_again(old: &Old, operator: Operator) -> Done {
    let installed = &old.installed;
    operator.stop().await?;
    let folder = installed.plane.dir().join("certificates");
    std::fs::create_dir_all(&folder)?;
    let first = write_certificate(&folder)?;
    let operator = old.operator("third", Some(&folder)).await?;
    assert!(trusted(old).await?.contains(first.trim()));
    let second = write_certificate(&folder)?;
    installed
        .until("the new files' authority is trusted", || async {
            Ok(trusted(old).await?.contains(second.trim()).then_some(()))
        })
        .await?;
    installed
        .until("the new certificate is served", || async {
            let log = std::fs::read_to_string(&operator.log)?;
            Ok(log.contains("certificate_renewed").then_some(()))
        })
        .await?;
    // Fresh connections meet the new certificate, and it is trusted.
    installed.until_all_held().await?;
    operator.kill().await
}

async fn trusted(old: &Old) -> Done<String> {
    let found = old.installed.get(CONFIGURATION, "", "rollcall").await?.unwrap_or_default();
    let bundle =
        serde_json::from_value::<k8s_openapi::ByteString>(found["webhooks"][0]["clientConfig"]["caBundle"].clone())?;
    Ok(String::from_utf8(bundle.0)?)
}

/// A certificate with its key, its own authority, as `tls.crt`, `tls.key` and `ca.crt`.
fn write_certificate(folder: &Path) -> Done<String> {
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])?.self_signed(&key)?.pem();
    std::fs::write(folder.join("tls.key"), key.serialize_pem())?;
    std::fs::write(folder.join("tls.crt"), &certificate)?;
    std::fs::write(folder.join("ca.crt"), &certificate)?;
    Ok(certificate)
}
