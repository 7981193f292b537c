//! What makes the API server hold, where that is not what the command takes for granted: before Kubernetes 1.36, and
//! in an installation of another name.

use rollcall::manifests::{Install, Mechanism, Reach, policies};
use serde_json::Value;

use super::server::Known;
use super::session::Session;
use super::shop::{self, RELEASE};
use crate::support::Done;

const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";
const WEBHOOK: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall";

/// The shop, held as this installation has it.
fn shop_of(install: &Install) -> Done<Known> {
    let mut known = shop::shop()?;
    known.objects.retain(|path, _| !path.starts_with(ADMISSION));
    for object in policies(install) {
        shop::put(&mut known, object);
    }
    Ok(known)
}

/// On an API server that has no policies which could hold.
fn old_shop(reach: Reach) -> Done<Known> {
    let mut known = shop_of(&Install { mechanism: Mechanism::Webhook(reach), ..Install::default() })?;
    known.not_installed.extend(["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"].map(str::to_owned));
    let webhooks =
        known.objects.get_mut(WEBHOOK).ok_or("no webhook")?["webhooks"].as_array_mut().ok_or("no webhooks")?;
    // As the operator adds it.
    webhooks.iter_mut().for_each(|webhook| webhook["clientConfig"]["caBundle"] = "aGVsbG8=".into());
    Ok(known)
}

#[test]
fn before_1_36_a_webhook_holds_and_what_is_missing_of_it_is_told() -> Done {
    let mut session = Session::with(old_shop(Reach::Service)?)?;
    let said = session.run(&["why", "checkout-2"])?;
    assert!(said.contains("RC052") && !said.contains("RC020"), "{said}");
    for verb in ["status", "tree", "hold", "resume"] {
        let said = session.run(&[verb, "checkout-2"])?;
        assert!(said.contains("checkout-2") && !said.contains("error:"), "{said}");
    }
    let said = session.run(&["doctor"])?;
    assert!(said.contains("guards, bindings and the webhook are there, as they were installed"), "{said}");
    assert!(said.contains("came back held") && !said.contains("rollcall policies"), "{said}");
    let again = "rollcall policies --kubernetes-version 1.34 | kubectl apply --server-side -f -";
    let change =
        |session: &Session, change: &dyn Fn(&mut Known)| change(&mut session.server.known.lock().expect("no panic"));
    change(&session, &|known| {
        known.objects.get_mut(WEBHOOK).expect("there")["webhooks"][0]["timeoutSeconds"] = 1.into()
    });
    let said = session.run(&["why", "checkout-2"])?;
    assert!(said.contains("RC020") && said.contains("MutatingWebhookConfiguration rollcall was altered"), "{said}");
    assert!(said.contains(again), "{said}");
    change(&session, &|known| drop(known.objects.remove(WEBHOOK)));
    let said = session.run(&["doctor"])?;
    assert!(said.contains("MutatingWebhookConfiguration rollcall is missing") && said.contains(again), "{said}");
    Ok(())
}

#[test]
fn a_webhook_that_is_called_elsewhere_is_altered_unless_the_person_knows_of_it() -> Done {
    let mut session = Session::with(old_shop(Reach::Url("https://gates.example:9443".into()))?)?;
    let said = session.run(&["why", "checkout-2"])?;
    assert!(said.contains("MutatingWebhookConfiguration rollcall was altered"), "{said}");
    let said = session.run(&["why", "checkout-2", "--webhook-url", "https://gates.example:9443"])?;
    assert!(said.contains("RC052") && !said.contains("RC020"), "{said}");
    Ok(())
}

#[test]
fn a_webhook_from_before_an_upgrade_holds_a_second_time() -> Done {
    let mut known = shop::shop()?;
    known.objects.insert(WEBHOOK.to_owned(), old_shop(Reach::Service)?.objects.remove(WEBHOOK).ok_or("no webhook")?);
    let said = Session::with(known)?.run(&["why", "checkout-2"])?;
    assert!(said.contains("RC020") && said.contains("left over from an older Kubernetes"), "{said}");
    Ok(())
}

#[test]
fn policies_of_another_installation_are_not_called_altered_nor_told_to_be_replaced() -> Done {
    let mut session = Session::with(shop_of(&Install::in_namespace("gates"))?)?;
    let said = session.run(&["why", "checkout-2"])?;
    let words = "what holds here is for system:serviceaccount:gates:rollcall, not for \
                 system:serviceaccount:rollcall-system:rollcall";
    let one_line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(one_line.contains(words) && !said.contains("was altered"), "{said}");
    assert!(
        said.contains("why releases/checkout-2 --operator-namespace gates") && !said.contains("kubectl apply"),
        "{said}"
    );
    let said = session.run(&["doctor"])?;
    assert!(said.contains("name the installation that is here: --operator-namespace gates"), "{said}");
    assert!(!said.contains("rollcall policies"), "{said}");
    let said = session.run(&["why", "checkout-2", "--operator-namespace", "gates"])?;
    assert!(!said.contains("RC020"), "{said}");
    let guard = format!("{ADMISSION}/validatingadmissionpolicies/guard-deployment.rollcall.dev");
    session.server.known.lock().expect("no panic").objects.get_mut(&guard).ok_or("no guard")?["spec"]["failurePolicy"] =
        "Ignore".into();
    let said = session.run(&["why", "checkout-2", "--operator-namespace", "gates"])?;
    let again = "rollcall policies --namespace gates | kubectl apply --server-side -f -";
    assert!(said.contains("ValidatingAdmissionPolicy guard-deployment.rollcall.dev was altered"), "{said}");
    assert!(said.contains(again), "{said}");
    Ok(())
}

#[test]
fn an_operator_of_another_name_is_named_in_what_is_to_be_run() -> Done {
    let mut known = shop_of(&Install { operator_user: "ops@example.com".into(), ..Install::default() })?;
    let mut session = Session::with(known)?;
    let said = session.run(&["doctor"])?;
    assert!(said.contains("name the installation that is here: --operator-user ops@example.com"), "{said}");
    let user = ["--operator-user", "ops@example.com"];
    let said = session.run(&[&["why", "checkout-2"], &user[..]].concat())?;
    assert!(said.contains("RC052") && !said.contains("RC020"), "{said}");
    known = shop::shop()?;
    known.objects.retain(|path, _| !path.starts_with(ADMISSION));
    *session.server.known.lock().expect("no panic") = known;
    let said = session.run(&[&["doctor"], &user[..]].concat())?;
    assert!(
        said.contains("rollcall policies --operator-user ops@example.com | kubectl apply --server-side -f -"),
        "{said}"
    );
    Ok(())
}

/// What was written is written, and whoever stops something has to know that it stops.
#[test]
fn a_stop_that_was_stored_is_told_though_nothing_more_can_be_read() -> Done {
    let mut known = shop::shop()?;
    known.not_installed.push("teamreadinesses".to_owned());
    let mut session = Session::with(known)?;
    let paused = |session: &Session| -> Value {
        session.server.known.lock().expect("no panic").objects[RELEASE]["spec"]["paused"].clone()
    };
    for (verb, stored, words) in [
        ("hold", true, "releases/checkout-2 is held: no further step starts. What is under way could not be read: "),
        ("resume", false, "releases/checkout-2 may go on. What it still waits for could not be read: "),
    ] {
        let said = session.run(&[verb, "checkout-2"])?;
        assert_eq!(paused(&session), stored);
        assert!(said.starts_with(words) && said.contains("the API server does not know this kind"), "{said}");
        let code = session.command("rollcall", &[verb, "checkout-2"])?.output()?.status.code();
        assert_eq!(code, Some(0));
    }
    Ok(())
}
