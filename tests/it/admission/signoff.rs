//! Sign-offs: whose word it is, and who may give it.

use serde_json::{Value, json};

use super::objects::team;
use super::world::{Answer, Who, World};

fn digest(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

/// An entry that claims to be somebody else's.
fn word(role: &str, letter: &str) -> Value {
    json!({"release": "releases/r1", "role": role, "decision": "Go", "digest": digest(letter), "by": "the-king"})
}

async fn with_team(namespace: &'static str, required: Value) -> World {
    let world = World::new(namespace).await;
    let spec = json!({"workloads": [], "signOff": {"required": required}});
    world.feed(Who::Dev, "create", &team("shop", &spec)).await.passes();
    world
}

async fn roles(namespace: &'static str) -> World {
    with_team(namespace, json!([{"role": "lead"}, {"role": "qa"}])).await
}

async fn say(world: &World, who: Who, entries: Value) -> Answer {
    let patch = json!([{"op": "add", "path": "/spec/signOffs", "value": entries}]);
    world.patch(who, "teamreadiness shop", &patch).await
}

/// Role, signer and first letter of the digest of every entry.
async fn stored(world: &World) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let object = world.get("teamreadiness shop").await;
    let all = object["spec"]["signOffs"].as_array().cloned().unwrap_or_default();
    all.iter().map(|s| (text(&s["role"]), text(&s["by"]), text(&s["digest"])[7..8].to_owned())).collect()
}

fn entry(role: &str, by: &str, letter: &str) -> (String, String, String) {
    (role.to_owned(), by.to_owned(), letter.to_owned())
}

#[tokio::test]
async fn the_signer_is_who_asked_whatever_the_request_says() {
    let world = roles("sign-by").await;
    say(&world, Who::Lead, json!([word("lead", "a")])).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", "lead", "a")]);
    for forged in [json!("oncall"), json!("the-king")] {
        let patch = json!([{"op": "replace", "path": "/spec/signOffs/0/by", "value": forged}]);
        for who in [Who::Dev, Who::Lead, Who::Admin] {
            world.patch(who, "teamreadiness shop", &patch).await.passes();
            assert_eq!(stored(&world).await, [entry("lead", "lead", "a")], "{who:?} forged");
        }
    }
    let gone = json!([{"op": "remove", "path": "/spec/signOffs/0/by"}]);
    world.patch(Who::Dev, "teamreadiness shop", &gone).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", "lead", "a")], "nor is it taken away");
    say(&world, Who::Lead, json!([word("lead", "b")])).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", "lead", "b")], "one's own word can change");
}

#[tokio::test]
async fn nobody_without_the_verb_adds_changes_or_takes_back_a_word() {
    let world = roles("sign-verb").await;
    let words = ["dev may not sign off for TeamReadiness sign-verb/shop", "verb signoff"];
    say(&world, Who::Dev, json!([word("lead", "a")])).await.refused(&words);
    let spec = json!({"workloads": [], "signOff": {"required": [{"role": "lead"}]}, "signOffs": [word("lead", "a")]});
    world.feed(Who::Dev, "create", &team("new", &spec)).await.refused(&["dev may not sign off"]);
    world.feed(Who::Dev, "apply --server-side --force-conflicts", &team("shop", &spec)).await.refused(&words);
    say(&world, Who::Lead, json!([word("lead", "a")])).await.passes();
    say(&world, Who::Dev, json!([word("lead", "b")])).await.refused(&words);
    say(&world, Who::Dev, json!([])).await.refused(&words);
    world.feed(Who::Dev, "replace", &team("shop", &json!({"workloads": []}))).await.refused(&words);

    let rest = json!({"spec": {"independentChanges": "Held"}});
    world.patch(Who::Dev, "teamreadiness shop", &rest).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", "lead", "a")], "the rest of the spec needs no verb");
}

#[tokio::test]
async fn the_word_of_somebody_else_is_not_touched() {
    let world = roles("sign-others").await;
    // Somebody who has both verbs.
    for (role, user) in [("rollcall-signoff", "oncall")] {
        let subject = control_plane::Subject::User(user);
        world.plane.grant(role, subject, Some(world.namespace)).await.expect("can grant");
    }
    say(&world, Who::Lead, json!([word("lead", "a")])).await.passes();
    say(&world, Who::Oncall, json!([word("lead", "b")]))
        .await
        .refused(&["sign-off as lead for releases/r1", "somebody else's"]);
    say(&world, Who::Oncall, json!([word("lead", "a"), word("qa", "a")])).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", "lead", "a"), entry("qa", "oncall", "a")]);

    let swapped = json!([word("qa", "a"), word("lead", "a")]);
    say(&world, Who::Lead, swapped).await.passes();
    assert_eq!(
        stored(&world).await,
        [entry("qa", "oncall", "a"), entry("lead", "lead", "a")],
        "the order says nothing"
    );
    say(&world, Who::Lead, json!([word("lead", "a")])).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", "lead", "a")], "a Go is taken away by whoever could say NoGo");
}

#[tokio::test]
async fn a_no_go_of_somebody_else_stays_unless_the_verb_override_takes_it_away() {
    let world = roles("sign-no").await;
    world.lets_sign_off("oncall").await;
    let mut no = word("lead", "a");
    (no["decision"], no["reason"]) = (json!("NoGo"), json!("errors"));
    say(&world, Who::Oncall, json!([no, word("qa", "a")])).await.passes();
    say(&world, Who::Lead, json!([])).await.refused(&["the NoGo as lead for releases/r1", "verb override"]);
    let mut moved = no.clone();
    moved["seat"] = json!(2);
    say(&world, Who::Lead, json!([moved])).await.refused(&["the NoGo as lead"]);
    let mut yes = no.clone();
    yes["decision"] = json!("Go");
    say(&world, Who::Lead, json!([yes])).await.refused(&["somebody else's"]);
    say(&world, Who::Lead, json!([no])).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", "oncall", "a")], "the Go has gone");
    say(&world, Who::Lead, json!([no, word("qa", "a")])).await.passes();
    say(&world, Who::Oncall, json!([word("qa", "a")])).await.passes();
    assert_eq!(stored(&world).await, [entry("qa", "lead", "a")], "one's own NoGo goes");
    say(&world, Who::Lead, json!([no])).await.passes();
    say(&world, Who::Oncall, json!([])).await.passes();
    assert!(stored(&world).await.is_empty(), "and another's, with the verb override");
}

#[tokio::test]
async fn a_role_can_be_renamed_while_words_are_stored_and_no_new_word_is_for_a_role_that_nobody_asks_for() {
    let world = roles("sign-roles").await;
    let words = ["the sign-off as laed for releases/r1", "spec.signOff.required names lead, qa"];
    say(&world, Who::Lead, json!([word("laed", "a")])).await.refused(&words);
    say(&world, Who::Lead, json!([word("lead", "a")])).await.passes();
    let roles = |roles: Value| json!({"spec": {"signOff": {"required": roles}}});
    world.patch(Who::Dev, "teamreadiness shop", &roles(json!([{"role": "boss"}]))).await.passes();
    let git = team("shop", &json!({"signOff": {"required": [{"role": "boss"}, {"role": "ops"}]}}));
    world.gitops(&git).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", "lead", "a")], "it stays, and counts for nothing");
    say(&world, Who::Lead, json!([word("lead", "b")])).await.refused(&["the sign-off as lead", "names boss, ops"]);
    world.patch(Who::Dev, "teamreadiness shop", &json!({"spec": {"signOff": null}})).await.passes();
    say(&world, Who::Lead, json!([word("lead", "a"), word("boss", "a")])).await.refused(&["as boss", "names none"]);
    say(&world, Who::Lead, json!([word("lead", "a")])).await.passes();
    say(&world, Who::Lead, json!([])).await.passes();
}

#[tokio::test]
async fn a_gitops_account_signs_as_itself_and_not_where_a_person_is_asked_for() {
    let world = with_team("sign-git", json!([{"role": "lead", "requireHuman": true}, {"role": "qa"}])).await;
    let flux = "system:serviceaccount:flux-system:kustomize-controller";
    let git = |role: &str| team("shop", &json!({"signOffs": [word(role, "a")]}));
    world.gitops(&git("lead")).await.refused(&["takes a person", "spec.signOff.delegates"]);
    world.gitops(&git("qa")).await.passes();
    assert_eq!(stored(&world).await, [entry("qa", flux, "a")]);
    let delegates = json!({"spec": {"signOff": {"delegates": [flux]}}});
    world.patch(Who::Dev, "teamreadiness shop", &delegates).await.passes();
    world.gitops(&git("lead")).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", flux, "a")], "a delegate passes on what Git says");
}

#[tokio::test]
async fn an_impersonated_person_signs_as_that_person_with_that_persons_rights() {
    let world = with_team("sign-as", json!([{"role": "lead", "requireHuman": true}])).await;
    let value =
        json!([{"op": "add", "path": "/spec/signOffs", "value": [word("lead", "a")]}]).to_string().replace(' ', "");
    let sign = |user: &str| format!("patch teamreadiness shop --type=json --as={user} -p {value}");
    world.run(Who::Admin, &sign("dev")).await.refused(&["dev may not sign off"]);
    world.run(Who::Admin, &sign("lead")).await.passes();
    assert_eq!(stored(&world).await, [entry("lead", "lead", "a")]);
}

#[tokio::test]
async fn the_most_sign_offs_that_an_object_can_hold_are_checked_within_the_budget() {
    let roles: Vec<String> = (1..=8).map(|n| format!("{}{n}", "r".repeat(62))).collect();
    let required: Value = roles.iter().map(|role| json!({"role": role})).collect();
    let world = with_team("sign-many", required).await;
    let entries = |letter: &str, count: usize| -> Value {
        (0..count)
            .map(|n| {
                let release = format!("{}/{}{}", "n".repeat(63), "r".repeat(252), n / 64);
                json!({"release": release, "role": roles[n % 8], "seat": n / 8 % 8 + 1, "decision": "Go",
                       "digest": digest(letter), "reason": "x".repeat(1024)})
            })
            .collect()
    };
    say(&world, Who::Lead, entries("a", 128)).await.passes();
    say(&world, Who::Lead, entries("b", 127)).await.passes();
    let all = stored(&world).await;
    assert!(all.len() == 127 && all.iter().all(|(_, by, letter)| by == "lead" && letter == "b"), "{all:?}");
    say(&world, Who::Dev, entries("b", 127)).await.passes();
    say(&world, Who::Dev, entries("b", 126)).await.refused(&["dev may not sign off"]);
}

#[tokio::test]
async fn a_malformed_sign_off_is_invalid_by_its_schema_and_not_by_a_policy() {
    let world = roles("sign-bad").await;
    let bad = json!([{"release": "r", "role": "lead", "seat": "one", "decision": "Go", "digest": "x"}]);
    let answer = say(&world, Who::Lead, bad).await;
    assert!(!answer.ok && answer.stderr.contains("spec.signOffs[0].digest"), "{}", answer.stderr);
}
