//! Who may do what, to whose team, in which way: every cell of the table is asked of the API server.
//!
//! What is expected follows from two columns of the table below, the rights that RBAC gives and the deeds that are
//! somebody's, and from nothing that the policies say.

use control_plane::Subject;
use serde_json::{Value, json};

use super::asking::{Caller, Reply, WAYS, Way};
use super::objects::{release, team};
use super::world::{Who, World};

/// What is tried on a team's readiness, and on a release of its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// A word of one's own where a person is asked for, under somebody else's name.
    SignAsLead,
    /// A word of one's own where anybody's counts.
    SignAsQa,
    /// Another content under the word of somebody else.
    Rewrite,
    /// The word of somebody else is gone.
    TakeBack,
    /// Another consent: the team's own matter, with workloads listed.
    Consent,
    /// Gates of a release are overridden.
    Override,
}

const DEEDS: [Deed; 6] =
    [Deed::SignAsLead, Deed::SignAsQa, Deed::Rewrite, Deed::TakeBack, Deed::Consent, Deed::Override];

/// What RBAC lets somebody do in the namespace, by the ways that this takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rights {
    /// Not even read.
    Nothing,
    /// Read.
    Look,
    /// Read and change what is there.
    Change,
    /// Create and delete, too.
    Own,
    /// The status as well.
    Everything,
}

struct Person {
    name: &'static str,
    /// Whom the API server takes them for.
    stamped: &'static str,
    rights: Rights,
    /// Of these deeds, those that are theirs to do where their rights reach.
    deeds: &'static [Deed],
}

use Deed::{Consent, Override, Rewrite, SignAsLead, SignAsQa, TakeBack};

const FLUX: &str = "system:serviceaccount:flux-system:kustomize-controller";
const ALL: &[Deed] = &[SignAsLead, SignAsQa, Consent, Override];

/// Everybody, and what is theirs in the namespace `home`.
const PEOPLE: &[Person] = &[
    Person { name: "admin", stamped: "admin", rights: Rights::Everything, deeds: ALL },
    Person { name: "dev", stamped: "dev", rights: Rights::Own, deeds: &[Consent] },
    Person { name: "lead", stamped: "lead", rights: Rights::Own, deeds: &[SignAsLead, SignAsQa, Consent] },
    Person { name: "grace, by her group", stamped: "grace", rights: Rights::Change, deeds: &[SignAsLead, SignAsQa] },
    Person { name: "the lead of another team", stamped: "otto", rights: Rights::Look, deeds: &[] },
    Person { name: "oncall", stamped: "oncall", rights: Rights::Own, deeds: &[Consent, Override] },
    Person { name: "novice", stamped: "novice", rights: Rights::Own, deeds: &[] },
    Person { name: "stranger", stamped: "stranger", rights: Rights::Nothing, deeds: &[] },
    // A service account is no person, whatever it may do.
    Person { name: "flux", stamped: FLUX, rights: Rights::Everything, deeds: &[SignAsQa, Consent, Override] },
    Person { name: "robot", stamped: "system:serviceaccount:home:robot", rights: Rights::Change, deeds: &[SignAsQa] },
    Person {
        name: "delegate",
        stamped: "system:serviceaccount:home:delegate",
        rights: Rights::Change,
        deeds: &[SignAsLead, SignAsQa],
    },
    Person { name: "admin as lead", stamped: "lead", rights: Rights::Own, deeds: &[SignAsLead, SignAsQa, Consent] },
    Person { name: "admin as dev", stamped: "dev", rights: Rights::Own, deeds: &[Consent] },
    Person { name: "operator", stamped: "operator", rights: Rights::Look, deeds: &[] },
];

impl Person {
    /// Their rights in the other namespace: only who has them everywhere, and who is its lead.
    fn rights_in(&self, theirs: bool) -> Rights {
        match (theirs, self.rights) {
            (true, rights) => rights,
            (false, Rights::Everything) => Rights::Everything,
            (false, _) if self.stamped == "otto" => Rights::Own,
            (false, _) if self.name == "operator" => Rights::Look,
            (false, _) => Rights::Nothing,
        }
    }

    fn does(&self, theirs: bool, deed: Deed) -> bool {
        let everywhere = self.rights == Rights::Everything;
        let leads_there = !theirs && self.stamped == "otto";
        if leads_there {
            matches!(deed, SignAsLead | SignAsQa | Consent)
        } else {
            (theirs || everywhere) && self.deeds.contains(&deed)
        }
    }

    /// Whether the word that is there is theirs: whoever made the team gave it.
    fn gave_the_word(&self, theirs: bool) -> bool {
        self.stamped == if theirs { "lead" } else { "admin" }
    }
}

fn digest(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

/// Everything of the cell that is written: the collection, the object as it is, and as it would be.
struct Cell {
    collection: String,
    now: Value,
    wanted: Value,
}

struct Table {
    callers: Vec<Caller>,
    admin: Caller,
}

fn collection(namespace: &str, plural: &str) -> String {
    format!("/apis/rollcall.dev/v1alpha1/namespaces/{namespace}/{plural}")
}

/// A team whose lead has signed as `lead`, and whose second seat is free.
fn readiness() -> Value {
    json!({
        "workloads": [{"kind": "Deployment", "name": "api"}],
        "signOff": {"required": [{"role": "lead", "requireHuman": true, "count": 2}, {"role": "qa"}],
                    "delegates": ["system:serviceaccount:home:delegate"]},
        "signOffs": [word("lead", 1, "a")],
    })
}

fn word(role: &str, seat: u8, letter: &str) -> Value {
    json!({"release": "releases/r1", "role": role, "seat": seat, "decision": "Go", "digest": digest(letter), "by": "the-king"})
}

fn without(object: &Value) -> Value {
    let mut bare = json!({"apiVersion": object["apiVersion"], "kind": object["kind"], "spec": object["spec"]});
    bare["metadata"] = json!({"name": object["metadata"]["name"]});
    bare
}

impl Table {
    async fn cell(&self, namespace: &str, deed: Deed, way: Way) -> Cell {
        let (plural, name) = if deed == Override { ("coordinatedreleases", "r1") } else { ("teamreadinesses", "shop") };
        let collection = collection(namespace, plural);
        let now = self.admin.get(&format!("{collection}/{name}")).await.expect("it is there");
        let mut wanted = without(&now);
        if matches!(way, Way::Create | Way::DeleteAndCreate) && deed != Override {
            // A new object holds no words but those of whoever creates it.
            wanted["spec"]["signOffs"] = json!([]);
        }
        let mut words = wanted["spec"]["signOffs"].as_array().cloned().unwrap_or_default();
        match deed {
            SignAsLead => words.push(word("lead", 2, "b")),
            SignAsQa => words.push(word("qa", 1, "b")),
            Rewrite if words.is_empty() => words.push(word("lead", 1, "c")),
            Rewrite => words[0]["digest"] = json!(digest("c")),
            TakeBack => words.clear(),
            Consent => wanted["spec"]["allow"] = json!([{"namespace": "evil", "actions": ["Release"]}]),
            Override => {
                wanted["spec"]["override"] = json!({"reason": "outage", "ticket": "INC-1", "skip": ["Freeze"],
                    "until": "2030-01-01T00:00:00Z", "by": "the-king"});
            }
        }
        if deed != Override {
            wanted["spec"]["signOffs"] = json!(words);
        }
        wanted["status"] = json!({"observedGeneration": 77});
        Cell { collection, now, wanted }
    }
}

/// What a cell should come to. Some deeds become another in some ways.
fn expected(person: &Person, theirs: bool, deed: Deed, way: Way) -> bool {
    if way == Way::Status {
        return person.name == "operator";
    }
    let new = matches!(way, Way::Create | Way::DeleteAndCreate);
    let needed = if new { Rights::Own } else { Rights::Change };
    let may = |deed| person.does(theirs, deed);
    let passes = match deed {
        // A new object lists workloads, so creating it takes the right to patch them; the words in it are new.
        SignAsLead | SignAsQa if new => may(deed) && may(Consent),
        Rewrite if new => may(SignAsLead) && may(Consent),
        // A new object holds nobody's word: deleting one is the right of whoever owns the namespace.
        TakeBack if new => may(Consent),
        // Server-side apply without an entry takes away only what the same manager had put there.
        TakeBack if way == Way::Apply => true,
        Rewrite => person.gave_the_word(theirs) && may(SignAsLead),
        // A Go of somebody else can be taken back by whoever speaks for the team: that only stops a release.
        TakeBack => may(SignAsQa),
        other => may(other),
    };
    passes && person.rights_in(theirs) >= needed
}

/// Whom the API server wrote down, if the deed leaves a name.
fn name_left(deed: Deed, way: Way, stored: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap_or("(nobody)").to_owned();
    let by = |role: &str, letter: &str| {
        let all = stored["spec"]["signOffs"].as_array();
        all.into_iter().flatten().find(|s| s["role"] == role && s["digest"] == digest(letter)).map(|s| text(&s["by"]))
    };
    match deed {
        SignAsLead => by("lead", "b"),
        SignAsQa => by("qa", "b"),
        Rewrite => by("lead", "c"),
        Consent => Some(text(&stored["metadata"]["annotations"]["rollcall.dev/author"])),
        Override => Some(text(&stored["spec"]["override"]["by"])),
        TakeBack if matches!(way, Way::Create | Way::DeleteAndCreate) => {
            Some(text(&stored["metadata"]["annotations"]["rollcall.dev/author"]))
        }
        TakeBack => None,
    }
}

/// Whether the word that was there still is, where nobody may take it.
fn word_stays(stored: &Value) -> bool {
    let all = stored["spec"]["signOffs"].as_array();
    all.into_iter().flatten().any(|s| s["role"] == "lead" && s["digest"] == digest("a"))
}

fn told(person: &Person, theirs: bool, deed: Deed, way: Way, reply: &Reply) -> Option<String> {
    let cell = format!("{} · {} · {deed:?} · {way:?}", person.name, if theirs { "home" } else { "away" });
    let right = expected(person, theirs, deed, way);
    match reply {
        Ok(stored) if deed == TakeBack && way == Way::Apply && !word_stays(stored) => Some(format!("{cell}: took it")),
        Ok(_) if right && way == Way::Status => None,
        Ok(stored) if right => {
            let left = name_left(deed, way, stored);
            left.filter(|name| name != person.stamped).map(|name| format!("{cell}: passed under the name {name}"))
        }
        Ok(_) => Some(format!("{cell}: passed")),
        Err((403, _)) if !right => None,
        Err((code, why)) => Some(format!("{cell}: {code} {why}")),
    }
}

async fn callers(home: &World) -> Vec<Caller> {
    let plane = home.plane;
    let user = |name: &str, groups: &[&str]| Caller::new(&plane.user(name, groups).expect("a user"));
    let mut all = Vec::new();
    for person in PEOPLE {
        all.push(match person.name {
            "admin" => Caller::new(&plane.admin().expect("the admin")),
            "grace, by her group" => user("grace", &["shop-leads"]),
            "admin as lead" => Caller::pretending(plane, "lead", &[]),
            "admin as dev" => Caller::pretending(plane, "dev", &[]),
            "flux" => account(home, "flux-system", "kustomize-controller").await,
            "operator" => account(home, "rollcall-system", "rollcall").await,
            robot @ ("robot" | "delegate") => account(home, "home", robot).await,
            _ => user(person.stamped, &[]),
        });
    }
    all
}

async fn account(home: &World, namespace: &str, name: &str) -> Caller {
    Caller::new(&home.plane.service_account(namespace, name).await.expect("an account"))
}

/// Two namespaces, each with a team whose lead has signed, and a release.
async fn two_teams() -> (World, World) {
    let (home, away) = (World::new("home").await, World::bare("away").await);
    let grant =
        async |role, subject, namespace| home.plane.grant(role, subject, Some(namespace)).await.expect("can grant");
    grant("rollcall-signoff", Subject::Group("shop-leads"), "home").await;
    grant("rollcall-signoff", Subject::ServiceAccount("home", "robot"), "home").await;
    grant("rollcall-signoff", Subject::ServiceAccount("home", "delegate"), "home").await;
    grant("rollcall-view", Subject::User("otto"), "home").await;
    grant("admin", Subject::User("otto"), "away").await;
    grant("rollcall-signoff", Subject::User("otto"), "away").await;
    home.feed(Who::Lead, "create", &team("shop", &readiness())).await.passes();
    away.feed(Who::Admin, "create", &team("shop", &readiness())).await.passes();
    for world in [&home, &away] {
        world.feed(Who::Admin, "create", &release("r1")).await.passes();
    }
    (home, away)
}

#[tokio::test]
async fn only_the_allowed_cells_pass() {
    let (home, away) = two_teams().await;
    let table = Table { callers: callers(&home).await, admin: Caller::new(&home.plane.admin().expect("the admin")) };
    let (mut wrong, mut cells, mut passed) = (Vec::new(), 0, 0);
    for (namespace, theirs) in [(home.namespace, true), (away.namespace, false)] {
        for (deed, way) in DEEDS.into_iter().flat_map(|deed| WAYS.map(|way| (deed, way))) {
            let cell = table.cell(namespace, deed, way).await;
            let asked = table.callers.iter().map(|c| c.write(way, &cell.collection, &cell.now, &cell.wanted, false));
            let replies = futures::future::join_all(asked).await;
            cells += replies.len();
            passed += replies.iter().filter(|reply| reply.is_ok()).count();
            wrong.extend(PEOPLE.iter().zip(&replies).filter_map(|(p, reply)| told(p, theirs, deed, way, reply)));
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(cells, PEOPLE.len() * DEEDS.len() * WAYS.len() * 2);
    assert!(passed > 100, "a table in which nothing passes proves nothing: {passed}");
}
