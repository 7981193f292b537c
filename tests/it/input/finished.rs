//! A release that has ended is a record: it leaves the watch by a field selector, and nobody rewrites it.

use rollcall::manifests::to_yaml;
use serde_json::{Value, json};

use super::{api, releases, with};
use crate::support::Done;

/// What kubectl says, and whether it succeeded.
async fn kubectl(args: &[&str], stdin: &str) -> Done<(bool, String)> {
    let (plane, _) = api().await?;
    let call = plane.kubectl(&plane.admin()?).args(args.iter().copied()).stdin(stdin);
    let out = call.run().await?;
    Ok((out.status.success(), format!("{}{}", out.stdout, out.stderr)))
}

async fn apply(object: &Value) -> Done<(bool, String)> {
    let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    kubectl(&apply, &to_yaml(std::slice::from_ref(object))).await
}

async fn patched(name: &str, subresource: &[&str], patch: &Value) -> Done<(bool, String)> {
    let patch = patch.to_string();
    let mut args = vec!["patch", "crel", name, "--type=merge", "-p", &patch];
    args.extend_from_slice(subresource);
    kubectl(&args, "").await
}

async fn finish(name: &str) -> Done {
    let (done, said) = apply(&with(releases::release(), &[("/metadata/name", json!(name))])).await?;
    assert!(done, "{said}");
    let (done, said) = patched(name, &["--subresource=status"], &json!({"status": {"finished": true}})).await?;
    assert!(done, "{said}");
    Ok(())
}

#[tokio::test]
async fn the_spec_of_a_finished_release_cannot_be_changed() -> Done {
    finish("ended").await?;
    let again = with(releases::release(), &[("/metadata/name", json!("ended"))]);
    let (done, said) = apply(&again).await?;
    assert!(done, "the same spec again is no change, for Git applies it for ever: {said}");
    for (what, patch) in [
        ("its order", json!({"spec": {"steps": [{"name": "only", "wait": "1m"}]}})),
        ("the stop button", json!({"spec": {"paused": true}})),
        ("its owner", json!({"spec": {"owner": {"name": "Somebody"}}})),
    ] {
        let (done, said) = patched("ended", &[], &patch).await?;
        assert!(!done, "{what} was changed");
        assert!(said.contains("spec: Invalid value"), "{what}: {said}");
        assert!(said.contains("the release is finished"), "{what}: {said}");
    }
    let labelled = json!({"metadata": {"labels": {"archived": "yes"}}});
    let (done, said) = patched("ended", &[], &labelled).await?;
    assert!(done, "labels are no part of the record: {said}");
    let (done, said) = kubectl(&["delete", "crel", "ended"], "").await?;
    assert!(done, "{said}");
    Ok(())
}

#[tokio::test]
async fn finished_releases_can_be_left_out_by_a_field_selector() -> Done {
    finish("over").await?;
    let live = with(releases::release(), &[("/metadata/name", json!("live"))]);
    let (done, said) = apply(&live).await?;
    assert!(done, "{said}");
    let names = |selector: &'static str| async move {
        kubectl(&["get", "crel", "-o", "name", "--field-selector", selector], "").await
    };
    let (_, unfinished) = names("status.finished!=true").await?;
    assert!(unfinished.contains("/live") && !unfinished.contains("/over"), "{unfinished}");
    let (_, finished) = names("status.finished=true").await?;
    assert!(finished.contains("/over") && !finished.contains("/live"), "{finished}");
    Ok(())
}
