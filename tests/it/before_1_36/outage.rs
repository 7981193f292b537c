//! The webhook is down: what is gated fails closed, all else goes on.

use serde_json::{Value, json};

use super::Old;
use crate::admission::objects::hold_of;
use crate::support::operator::Operator;
use crate::support::{Done, shop};

/// Kills the operator in the middle of its work, and starts another one in the end.
pub async fn fails_closed(old: &Old, operator: Operator) -> Done<Operator> {
    let installed = &old.installed;
    let before = installed.get("deployment", "core", "api").await?.unwrap_or_default();
    operator.kill().await?;

    let image = r#"{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"registry.example/api:9"}]}}}}"#;
    let patch = ["patch", "deployment", "api", "-n", "core", "-p"];
    let refused = ask(old, &[&patch[..], &[image]].concat()).await?;
    for words in ["forbidden", "hold-deployment.rollcall.dev", "core/api"] {
        assert!(refused.contains(words), "{words:?} is not in: {refused}");
    }
    let created = shop::deployment("core", "fresh", "core", "fresh", "1", 1);
    let new = installed.apply(&installed.admin, &rollcall::manifests::to_yaml(&[created])).await;
    assert!(new.is_err_and(|e| e.to_string().contains("forbidden")), "a first install is gated too");

    // What ships nothing passes: scaling, labels, annotations, and what controllers write.
    installed.kubectl(&["scale", "deployment/api", "-n", "core", "--replicas=4"]).await?;
    installed.kubectl(&["label", "deployment/api", "-n", "core", "tier=front"]).await?;
    installed
        .until("the fourth pod is available", || async {
            let found = installed.get("deployment", "core", "api").await?.unwrap_or_default();
            Ok((found["status"]["availableReplicas"] == 4).then_some(()))
        })
        .await?;
    // So does what is not under rollcall.
    let mut free = shop::deployment("core", "free", "core", "free", "1", 1);
    free["metadata"]["labels"] = json!({"app": "free"});
    installed.apply(&installed.admin, &rollcall::manifests::to_yaml(&[free])).await?;
    // Whose word a sign-off is cannot be stamped, so none is taken.
    let sign = r#"{"spec":{"signOffs":[{"release":"releases/x","role":"lead","decision":"Go","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}]}}"#;
    let refused = ask(old, &["patch", "teamreadiness", "core", "-n", "core", "--type=merge", "-p", sign]).await?;
    assert!(refused.contains("forbidden") && refused.contains("stamped"), "{refused}");
    let now = installed.get("deployment", "core", "api").await?.unwrap_or_default();
    assert_eq!(now["spec"]["template"], before["spec"]["template"], "nothing has leaked");

    let operator = old.operator("second", None).await?;
    // As it was stored: soon after, it goes by itself.
    let stored = installed.kubectl(&[&patch[..], &[image, "-o", "json"]].concat()).await?;
    let held: Value = serde_json::from_str(&stored)?;
    assert_eq!(hold_of(&held), ("policy", true, "registry.example/api:9"), "all is as before");
    Ok(operator)
}

/// What kubectl says when it is refused.
async fn ask(old: &Old, args: &[&str]) -> Done<String> {
    let installed = &old.installed;
    let out = installed.plane.kubectl(&installed.admin).args(args.iter().copied()).run().await?;
    assert!(!out.status.success(), "was taken: {}", out.stdout);
    Ok(out.stderr)
}
