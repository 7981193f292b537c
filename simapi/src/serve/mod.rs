//! Answers requests. Each is answered in one go under one lock: what happens between requests is for others to
//! say, what happens within one is not.

mod apply;
mod create;
mod define;
mod delete;
mod discovery;
mod finish;
mod read;
mod reviews;
mod scale;
mod update;
mod watch;

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use crate::access::{Access, Lookup};
use crate::admission::Review;
use crate::call::{Call, Route, Verb};
use crate::failure::{Cause, Failure};
use crate::kind::Kind;
use crate::object::{Key, Object, meta, text};
use crate::server::{Commit, Rules, State};
use crate::store::{KindIndex, Store};

pub(crate) use watch::WatchPlan;

/// What a request gets.
pub(crate) enum Answer {
    /// A whole answer.
    Text(StatusCode, String),
    /// A stream of events.
    Watch(WatchPlan),
}

impl Answer {
    fn ok(text: String) -> Self {
        Self::Text(StatusCode::OK, text)
    }

    pub(crate) fn failed(failure: &Failure) -> Self {
        let code = StatusCode::from_u16(failure.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::Text(code, failure.to_value().to_string())
    }
}

/// Everything that a request is answered with.
pub(crate) struct Desk<'a> {
    state: &'a mut State,
    rules: &'a Rules,
    call: &'a Call,
    index: KindIndex,
    kind: Arc<Kind>,
    now: Timestamp,
    /// What the body says, if that is known.
    given: Option<&'a Value>,
    /// What `managedFields` is to be, if that has been found out already.
    managed: Option<Value>,
}

/// Answers a request.
pub(crate) fn answer(state: &mut State, rules: &Rules, now: Timestamp, route: &Route, given: Option<&Value>) -> Answer {
    let answered = match route {
        Route::Discovery(path) => discovery::discover(&state.store, path),
        Route::Objects(call) => match reviews::review(state, rules, call) {
            Some(answer) => answer,
            None => Desk::open(state, rules, now, call, given).and_then(|mut desk| desk.serve()),
        },
    };
    answered.unwrap_or_else(|failure| Answer::failed(&failure))
}

impl<'a> Desk<'a> {
    fn open(
        state: &'a mut State,
        rules: &'a Rules,
        now: Timestamp,
        call: &'a Call,
        given: Option<&'a Value>,
    ) -> Result<Self, Failure> {
        let index = state.store.find(&call.group, &call.version, &call.plural);
        let index = index.ok_or_else(Failure::no_such_resource)?;
        let kind = state.store.kind(index).clone();
        let desk = Self { state, rules, call, index, kind, now, given, managed: None };
        desk.check_path()?;
        desk.authorize()?;
        Ok(desk)
    }

    fn check_path(&self) -> Result<(), Failure> {
        let Call { namespace, name, subresource, verb, .. } = self.call;
        let known = match subresource.as_str() {
            "" => true,
            "status" => self.kind.status,
            "scale" => self.kind.scale,
            "finalize" => self.kind.plural == "namespaces",
            _ => false,
        };
        if !known && self.kind.custom && matches!(subresource.as_str(), "status" | "scale") {
            return Err(Failure::not_found(&self.kind, name));
        }
        if !known || (!self.kind.namespaced && !namespace.is_empty()) {
            return Err(Failure::no_such_resource());
        }
        let one_without_namespace = self.kind.namespaced && namespace.is_empty() && !name.is_empty();
        if one_without_namespace {
            return Err(Failure::no_such_resource());
        }
        let creates_nowhere = *verb == Verb::Create && self.kind.namespaced && namespace.is_empty();
        let impossible = match verb {
            Verb::Create => !name.is_empty(),
            Verb::DeleteCollection => self.kind.namespaced && namespace.is_empty(),
            Verb::Delete => !subresource.is_empty(),
            _ => false,
        };
        if impossible || creates_nowhere { Err(Failure::method_not_allowed()) } else { Ok(()) }
    }

    fn authorize(&self) -> Result<(), Failure> {
        let Call { user, verb, group, plural, namespace, name, subresource, .. } = self.call;
        let access = Access {
            user,
            verb: verb.as_str(),
            group,
            resource: plural,
            subresource,
            namespace: if plural == "namespaces" { name } else { namespace },
            name,
        };
        if self.rules.authorizer.allows(&access, &self.state.store) {
            return Ok(());
        }
        Err(Failure::forbidden(&self.kind, name, &access.refusal()))
    }

    fn serve(&mut self) -> Result<Answer, Failure> {
        let (verb, subresource) = (self.call.verb, self.call.subresource.as_str());
        match (verb, subresource) {
            (Verb::Get | Verb::Update | Verb::Patch, "scale") => self.scale(),
            (Verb::Get, _) => self.get(),
            (Verb::List, _) => self.list(),
            (Verb::Watch, _) => self.watch(),
            (Verb::Create, _) => self.create(),
            (Verb::Update, _) => self.update(),
            (Verb::Patch, _) => self.patch(),
            (Verb::Delete, _) => self.delete(),
            (Verb::DeleteCollection, _) => self.delete_collection(),
        }
    }

    fn key(&self) -> Key {
        Key::new(self.call.namespace.as_str(), self.call.name.as_str())
    }

    fn stored(&self) -> Result<Arc<Object>, Failure> {
        let found = self.state.store.get(self.index, &self.key()).cloned();
        found.ok_or_else(|| Failure::not_found(&self.kind, &self.call.name))
    }

    fn dry_run(&self) -> bool {
        self.call.query.get("dryRun") == "All"
    }

    fn review<'b>(&'b self, operation: Verb, old: Option<&'b Value>) -> Review<'b> {
        Review {
            user: &self.call.user,
            operation,
            kind: &self.kind,
            namespace: &self.call.namespace,
            name: &self.call.name,
            subresource: &self.call.subresource,
            old,
            dry_run: self.dry_run(),
            now: self.now,
            stored: &self.state.store,
            authorizer: &*self.rules.authorizer,
        }
    }

    /// What the body says.
    fn said(&self) -> serde_json::Result<Value> {
        self.given.map_or_else(|| serde_json::from_slice(&self.call.body), |given| Ok(given.clone()))
    }

    /// Reads the body as an object of the kind.
    fn body(&self) -> Result<Value, Failure> {
        let value = self.said().map_err(|error| {
            Failure::bad_request(format!(
                "{} in version \"{}\" cannot be handled as a {}: {error}",
                self.kind.kind, self.kind.version, self.kind.kind
            ))
        })?;
        self.check_type(&value)?;
        Ok(value)
    }

    fn check_type(&self, value: &Value) -> Result<(), Failure> {
        if !value.is_object() {
            return Err(Failure::bad_request("the body is no object"));
        }
        let (version, kind) = (self.kind.api_version(), &self.kind.kind);
        let says = |field: &str, wanted: &str| value[field].as_str().is_some_and(|found| found == wanted);
        // An object of a built-in kind need not say what it is.
        let silent = !self.kind.custom && value["kind"].is_null() && value["apiVersion"].is_null();
        if silent || (says("kind", kind) && says("apiVersion", &version)) {
            return Ok(());
        }
        if self.kind.custom && says("apiVersion", &version) {
            let found = Kind { kind: text(value, "kind").to_owned(), ..(*self.kind).clone() };
            let cause = Cause::invalid("kind", &value["kind"], &format!("must be {kind}"));
            return Err(Failure::invalid(&found, meta(value, "name"), &[cause]));
        }
        Err(Failure::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {kind}: no kind \"{}\" is registered for version \"{}\"",
            kind,
            self.kind.version,
            value["kind"].as_str().unwrap_or_default(),
            value["apiVersion"].as_str().unwrap_or_default()
        )))
    }

    fn record(&mut self, verb: Verb, old: Option<Arc<Object>>, new: Option<Arc<Object>>, revision: u64) {
        let commit = Commit {
            revision,
            at: self.now,
            user: self.call.user.name.clone(),
            process: self.call.process.clone(),
            verb,
            subresource: self.call.subresource.clone(),
            kind: self.kind.clone(),
            key: old.as_ref().or(new.as_ref()).map(|object| object.key().clone()).unwrap_or_default(),
            old,
            new,
        };
        self.state.history.push(commit);
    }
}

impl Lookup for Store {
    fn get(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        Store::get(self, self.named(group, plural)?, &Key::new(namespace, name)).cloned()
    }

    fn list(&self, group: &str, plural: &str, namespace: &str) -> Vec<Arc<Object>> {
        self.named(group, plural)
            .map(|index| Store::list(self, index, namespace).cloned().collect())
            .unwrap_or_default()
    }
}
