//! The server as a whole, and how a test looks into it and acts on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::Value;
use tokio::sync::Notify;

use crate::access::{Authorizer, User};
use crate::admission::Admission;
use crate::call::{Call, Query, Route, Verb};
use crate::failure::Failure;
use crate::faults::Fault;
use crate::kind::Kind;
use crate::object::{Key, Object, written};
use crate::random::Chance;
use crate::serve::{self, Answer};
use crate::service::Connection;
use crate::store::{Change, KindIndex, Store};
use crate::time::ServerTime;
use crate::trace::Trace;

/// One write that took effect.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The revision that it made.
    pub revision: u64,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// By whom.
    pub user: String,
    /// By which process; empty if it came by no connection.
    pub process: Arc<str>,
    /// `Create`, `Update` or `Delete`: what it came to. A deletion that only marked the object leaves it there.
    pub verb: Verb,
    /// Through which subresource, or empty.
    pub subresource: String,
    /// The object's kind.
    pub kind: Arc<Kind>,
    /// The object's name.
    pub key: Key,
    /// What it was before.
    pub old: Option<Arc<Object>>,
    /// What it is since.
    pub new: Option<Arc<Object>>,
}

/// What changes with each request.
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) chance: Chance,
    pub(crate) history: Vec<Commit>,
    pub(crate) trace: Trace,
}

/// What does not.
pub(crate) struct Rules {
    /// Whether it is kept who owns which field.
    pub(crate) field_managers: bool,
    pub(crate) authorizer: Box<dyn Authorizer>,
    pub(crate) admission: Vec<Box<dyn Admission>>,
}

pub(crate) struct Inner {
    state: Mutex<State>,
    rules: Rules,
    pub(crate) time: ServerTime,
    pub(crate) faults: Vec<Box<dyn Fault>>,
    /// Wakes whoever waits for any change at all.
    pub(crate) changed: Arc<Notify>,
}

/// An API server in memory. A clone is another handle on the same server.
#[derive(Clone)]
pub struct ApiServer {
    pub(crate) inner: Arc<Inner>,
}

/// What a server had stored at a moment. Another server can begin with it, which costs next to nothing.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) store: Store,
}

impl ApiServer {
    /// A server of what is stored, at a time.
    pub(crate) fn with(store: Store, seed: u64, rules: Rules, faults: Vec<Box<dyn Fault>>, now: Timestamp) -> Self {
        let state = State { store, chance: Chance::new(seed), history: Vec::new(), trace: Trace::default() };
        let (state, time, changed) = (Mutex::new(state), ServerTime::new(now), Arc::new(Notify::new()));
        Self { inner: Arc::new(Inner { state, rules, time, faults, changed }) }
    }

    /// A client for a user. Nothing is retried.
    #[must_use]
    pub fn client(&self, user: User) -> Client {
        Client::new(self.connection(user), "default")
    }

    /// A connection for a user: the tower service that a client is made of, for those who put layers around it.
    #[must_use]
    pub fn connection(&self, user: User) -> Connection {
        Connection::new(self.inner.clone(), user)
    }

    /// The server's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.time.now()
    }

    /// Steps the server's clock, as a bad time server does.
    pub fn step_clock(&self, by: SignedDuration) {
        self.inner.time.step(by);
    }

    /// The newest revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.inner.lock().store.revision()
    }

    /// Forgets everything before the newest revision, as etcd does every few minutes: who watches from before it, or
    /// is in the middle of a list, has to begin anew.
    pub fn compact(&self) {
        let mut state = self.inner.lock();
        let revision = state.store.revision();
        state.store.compact(revision);
    }

    /// The newest version of an object, by group and plural of its kind. No request is made, nothing goes wrong.
    #[must_use]
    pub fn get(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        self.look_at(group, plural, namespace, name).map(|object| Value::clone(&object.value))
    }

    /// The same, for those who only look.
    #[must_use]
    pub fn look_at(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let state = self.inner.lock();
        let index = state.store.named(group, plural)?;
        state.store.get(index, &Key::new(namespace, name)).cloned()
    }

    /// The newest versions of all objects of a kind; of all namespaces if none is named.
    #[must_use]
    pub fn list(&self, group: &str, plural: &str, namespace: &str) -> Vec<Arc<Object>> {
        let state = self.inner.lock();
        let index = state.store.named(group, plural);
        index.map(|index| state.store.list(index, namespace).cloned().collect()).unwrap_or_default()
    }

    /// What is stored now, for other servers to begin with. Its history is not part of it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { store: self.inner.lock().store.clone() }
    }

    /// Every write since some revision, oldest first.
    #[must_use]
    pub fn history(&self, after: u64) -> Vec<Commit> {
        let state = self.inner.lock();
        let from = state.history.partition_point(|commit| commit.revision <= after);
        state.history[from..].to_vec()
    }

    /// All versions of an object that there ever were, with the revisions they came at; none from its deletion on.
    #[must_use]
    pub fn versions(&self, group: &str, plural: &str, key: &Key) -> Vec<(u64, Option<Arc<Object>>)> {
        let state = self.inner.lock();
        let index = state.store.named(group, plural);
        index.map(|index| state.store.versions(index, key).to_vec()).unwrap_or_default()
    }

    /// A number that two runs share if every request and every answer, and when, was the same.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.inner.lock().trace.hash()
    }

    /// The requests and answers themselves, one a line. Kept only if [`ApiServer::keep_trace`] was called.
    #[must_use]
    pub fn trace(&self) -> Vec<String> {
        self.inner.lock().trace.lines()
    }

    /// Keeps the lines of the trace from now on, to see where two runs part.
    pub fn keep_trace(&self) {
        self.inner.lock().trace.keep();
    }

    /// Creates an object as the administrator, past all faults.
    ///
    /// # Panics
    ///
    /// If the server refuses it: a test that begins like that has no sense.
    pub fn put(&self, object: &Value) -> Value {
        let answer = self.act(&User::admin(), Verb::Create, object, "", "");
        answer.unwrap_or_else(|failure| panic!("{}: {object}", failure.message()))
    }

    /// Does something with an object at once, as a user, past all faults: the way models of controllers and people
    /// act. The object says what it is about; for a deletion only its kind and name matter.
    ///
    /// # Errors
    ///
    /// Whatever the server says.
    pub fn act(
        &self,
        user: &User,
        verb: Verb,
        object: &Value,
        subresource: &str,
        content_type: &str,
    ) -> Result<Value, Failure> {
        self.carry_out(self.call_about(user, verb, object, subresource, content_type)?, object)
    }

    /// As [`ApiServer::act`], for those who do not read the answer.
    pub(crate) fn acted(
        &self,
        user: &User,
        verb: Verb,
        object: &Value,
        subresource: &str,
        content_type: &str,
    ) -> Result<(), Failure> {
        match self.answered(self.call_about(user, verb, object, subresource, content_type)?, object) {
            Answer::Text(code, _) if code.is_success() => Ok(()),
            refused => read(refused).map(drop),
        }
    }

    /// Applies an object by server-side apply, as a user and under the name of a field manager.
    ///
    /// # Errors
    ///
    /// Whatever the server says; a conflict unless it is forced.
    pub fn apply(&self, user: &User, object: &Value, manager: &str, force: bool) -> Result<Value, Failure> {
        let mut call = self.call_about(user, Verb::Patch, object, "", "application/apply-patch+yaml")?;
        call.query.set("fieldManager", manager.to_owned());
        call.query.set("force", force.to_string());
        self.carry_out(call, object)
    }

    /// Deletes an object at once, without the time that pods are given to end.
    ///
    /// # Errors
    ///
    /// Whatever the server says.
    pub fn delete_now(&self, user: &User, object: &Value) -> Result<Value, Failure> {
        let mut call = self.call_about(user, Verb::Delete, object, "", "")?;
        call.query.set("gracePeriodSeconds", "0".to_owned());
        self.carry_out(call, object)
    }

    fn carry_out(&self, call: Call, object: &Value) -> Result<Value, Failure> {
        read(self.answered(call, object))
    }

    /// Answers a call about an object, which its body says.
    fn answered(&self, call: Call, object: &Value) -> Answer {
        let given = (!call.body.is_empty()).then_some(object);
        let route = Route::Objects(Box::new(call));
        let now = self.now();
        let (answer, _) = self.inner.answer(&route, given);
        self.inner.lock().trace.acted(now, &route, &answer);
        answer
    }

    /// The newest versions of all objects of all kinds.
    #[must_use]
    pub fn everything(&self) -> Vec<Arc<Object>> {
        let state = self.inner.lock();
        let kinds = 0..state.store.shelves.len();
        kinds.flat_map(|index| state.store.list(index, "").cloned().collect::<Vec<_>>()).collect()
    }

    fn call_about(
        &self,
        user: &User,
        verb: Verb,
        object: &Value,
        subresource: &str,
        content_type: &str,
    ) -> Result<Call, Failure> {
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        let meta = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        let state = self.inner.lock();
        let index = state.store.of_kind(text("apiVersion"), text("kind")).ok_or_else(Failure::no_such_resource)?;
        let kind = state.store.kind(index);
        let namespaced = kind.namespaced;
        Ok(Call {
            user: user.clone().into(),
            verb,
            group: kind.group.clone(),
            version: kind.version.clone(),
            plural: kind.plural.clone(),
            namespace: if namespaced { meta("namespace") } else { String::new() },
            name: if verb == Verb::Create { String::new() } else { meta("name") },
            subresource: subresource.to_owned(),
            query: Query::default(),
            content_type: content_type.to_owned(),
            metadata_only: false,
            agent: user.name.clone(),
            process: "".into(),
            body: if verb == Verb::Delete { bytes::Bytes::new() } else { written(object).into() },
        })
    }
}

fn read(answer: Answer) -> Result<Value, Failure> {
    let Answer::Text(code, text) = answer else { return Err(Failure::method_not_allowed()) };
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if code.is_success() {
        return Ok(value);
    }
    Err(Failure::read(&value))
}

impl Inner {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // An admission or authorizer of a test that panicked has failed that test already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request; what its body says is handed over as well if it is known.
    pub(crate) fn answer(&self, route: &Route, given: Option<&Value>) -> (Answer, u64) {
        let now = self.time.now();
        let mut state = self.lock();
        let before = state.store.revision();
        let answer = serve::answer(&mut state, &self.rules, now, route, given);
        let after = state.store.revision();
        if after != before {
            self.changed.notify_waiters();
        }
        (answer, after)
    }

    pub(crate) fn kind(&self, index: KindIndex) -> Arc<Kind> {
        self.lock().store.kind(index).clone()
    }

    /// The changes of a kind after a revision, in a namespace or in all.
    pub(crate) fn changes_after(&self, index: KindIndex, revision: u64, namespace: &str) -> Vec<Change> {
        let state = self.lock();
        let changes = &state.store.shelves[index].changes;
        let from = changes.partition_point(|change| change.revision <= revision);
        let seen = |change: &&Change| namespace.is_empty() || &*change.key.namespace == namespace;
        changes[from..].iter().filter(seen).cloned().collect()
    }
}
