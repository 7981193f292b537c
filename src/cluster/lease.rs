//! Leader election by a Lease: at most one process works at a time, and another takes over when it is gone.
//!
//! The algorithm is client-go's. Whether a lease has run out is judged by how long *this* process has seen it
//! unchanged, so clocks need not agree; each write names the version it replaces; a leader that could not renew
//! steps down well before another may take over. That is an optimisation and no fence: a process that stood still
//! may wake up and send what it had in hand. Writes that matter must name the version they were decided on.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::backoff::Backoff;
use super::lease_record::{Lease, get_request, post_request, put_request};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;

/// Which lease to hold, and how.
#[derive(Clone, Debug)]
pub struct LeaseConfig {
    /// The namespace of the Lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// This process, unlike any other and any former one; see [`unique_identity`].
    pub identity: String,
    /// How long others wait after the last renewal they saw before they take over. Whole seconds, 1 or more.
    pub lease_duration: Duration,
    /// How long after the last renewal the leader steps down. Shorter than `lease_duration`.
    pub renew_deadline: Duration,
    /// Between two tries, and two renewals. Shorter than `renew_deadline`.
    pub retry_period: Duration,
    /// How long one request may take.
    pub call_timeout: Duration,
}

impl LeaseConfig {
    /// A lease of 15 s, renewed every 2 s, given up after 10 s without a renewal; a request may take 5 s.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity.into(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
            call_timeout: Duration::from_secs(5),
        }
    }

    fn check(&self) -> Result<(), LeaseError> {
        let order = [Duration::ZERO, self.retry_period, self.renew_deadline, self.lease_duration];
        let whole = self.lease_duration.subsec_nanos() == 0 && i32::try_from(self.lease_duration.as_secs()).is_ok();
        let called = !self.call_timeout.is_zero() && !self.identity.is_empty();
        if order.is_sorted_by(|a, b| a < b) && whole && called { Ok(()) } else { Err(LeaseError::Config) }
    }
}

/// An identity that no other process has: the name of the host, or pod, and something random.
#[must_use]
pub fn unique_identity(host: &str) -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{host}_{:016x}", RandomState::new().hash_one(host))
}

/// Why an election ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// The settings contradict each other.
    #[error("a lease needs an identity and retry period < renew deadline < lease duration, the last in whole seconds")]
    Config,
    /// This process led, and could not renew in time. It must not go on.
    #[error("the lease could not be renewed in time: {0}")]
    Expired(String),
    /// This process led, and another one does now. It must not go on.
    #[error("the lease was taken by {0:?}")]
    Taken(String),
}

/// Whether this process leads. A clone is another view on the same election.
#[derive(Clone)]
pub struct Leadership {
    until: watch::Receiver<Option<Instant>>,
    clock: Arc<dyn Clock>,
}

impl Leadership {
    /// Whether this process leads at this moment. Becomes false by itself when the renew deadline has passed, even
    /// before the election has noticed.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.until.borrow().is_some_and(|until| self.clock.monotonic() < until)
    }

    /// Ends when this process leads; at once if it does. Never ends if the election is over.
    pub async fn acquired(&self) {
        if self.until.clone().wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Takes part in the election for this process.
pub struct Elector {
    client: Client,
    config: LeaseConfig,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    until: watch::Sender<Option<Instant>>,
    jitter: Backoff,
    /// The lease as last seen, and since when it has said the same.
    seen: Option<(Lease, Instant)>,
}

/// What one try came to.
enum Try {
    /// This process holds the lease.
    Held,
    /// Another one does.
    HeldBy(String),
}

impl Elector {
    /// An election that has not begun.
    ///
    /// # Errors
    /// [`LeaseError::Config`] when the settings contradict each other.
    pub fn new(
        client: Client,
        config: LeaseConfig,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Leadership), LeaseError> {
        config.check()?;
        metrics.set_leader(&config.name, false);
        let (until, receiver) = watch::channel(None);
        let leadership = Leadership { until: receiver, clock: clock.clone() };
        let jitter = Backoff::of(config.retry_period, config.retry_period, &config.identity, "lease");
        Ok((Self { client, config, clock, metrics, until, jitter, seen: None }, leadership))
    }

    /// Takes part until `stop`, then gives the lease back if it holds it: stop this *after* the work has ended.
    ///
    /// # Errors
    /// [`LeaseError::Expired`] or [`LeaseError::Taken`] when this process led and does not any more. The only safe
    /// thing to do then is to end the process.
    pub async fn run(mut self, stop: Shutdown) -> Result<(), LeaseError> {
        loop {
            let begun = self.clock.monotonic();
            tokio::select! {
                biased;
                () = stop.requested() => return Ok(()),
                tried = self.attempt() => match tried {
                    Ok(Try::Held) => return self.lead(begun, &stop).await,
                    Ok(Try::HeldBy(holder)) => tracing::debug!(event = "standby", holder, "waiting for the lease"),
                    Err(error) => tracing::warn!(event = "lease_failed", "the lease could not be had: {error}"),
                },
            }
            // Spread, so that standbys do not all ask at once; never longer than the period.
            let pause = self.jitter.jittered(self.config.retry_period);
            tokio::select! {
                biased;
                () = stop.requested() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Renews until `stop` or until it is lost. `renewed` is a moment *before* the write that was the last renewal.
    async fn lead(&mut self, mut renewed: Instant, stop: &Shutdown) -> Result<(), LeaseError> {
        tracing::info!(event = "leading", identity = self.config.identity, "this process leads");
        let mut trouble = String::from("the process stood still");
        loop {
            let deadline = renewed + self.config.renew_deadline;
            self.set_leading(Some(deadline));
            let wake = (self.clock.monotonic() + self.config.retry_period).min(deadline);
            tokio::select! {
                biased;
                () = stop.requested() => {
                    self.set_leading(None);
                    self.release().await;
                    return Ok(());
                }
                () = sleep_until(wake) => {}
            }
            let begun = self.clock.monotonic();
            match timeout_at(deadline, self.attempt()).await {
                Ok(Ok(Try::Held)) => renewed = begun,
                Ok(Ok(Try::HeldBy(holder))) => return Err(self.lost(LeaseError::Taken(holder))),
                Ok(Err(error)) => {
                    tracing::warn!(event = "renewal_failed", "the lease could not be renewed: {error}");
                    trouble = error;
                }
                Err(_) => return Err(self.lost(LeaseError::Expired(trouble))),
            }
        }
    }

    fn lost(&self, error: LeaseError) -> LeaseError {
        self.set_leading(None);
        tracing::error!(event = "leadership_lost", "{error}");
        error
    }

    fn set_leading(&self, until: Option<Instant>) {
        self.metrics.set_leader(&self.config.name, until.is_some());
        self.until.send_replace(until);
    }

    /// Tries to take or renew the lease once.
    async fn attempt(&mut self) -> Result<Try, String> {
        if let Some((lease, _)) = &self.seen
            && lease.holder() == self.config.identity
        {
            let lease = lease.clone();
            if self.write(&lease).await.is_ok() {
                return Ok(Try::Held);
            }
            // Most likely someone else has touched it: look, then decide as anyone would.
            self.metrics.leader_slow_path(&self.config.name);
        }
        let Some(lease) = self.read().await? else {
            let lease = Lease::new(&self.config.namespace, &self.config.name);
            let body = post_request(&self.taken(lease))?;
            return self.accept(self.call(body).await?);
        };
        let since = self.observe(&lease);
        let holder = lease.holder();
        let valid = lease.duration().unwrap_or(self.config.lease_duration);
        if !holder.is_empty() && holder != self.config.identity && self.clock.monotonic() < since + valid {
            return Ok(Try::HeldBy(holder.to_owned()));
        }
        self.write(&lease).await.map(|()| Try::Held)
    }

    /// Since when the lease has said the same as it does now.
    fn observe(&mut self, lease: &Lease) -> Instant {
        let now = self.clock.monotonic();
        let since = match &self.seen {
            Some((known, since)) if known.spec == lease.spec => *since,
            _ => now,
        };
        self.seen = Some((lease.clone(), since));
        since
    }

    fn accept(&mut self, written: Option<Lease>) -> Result<Try, String> {
        let written = written.ok_or("the lease is gone")?;
        self.seen = Some((written, self.clock.monotonic()));
        Ok(Try::Held)
    }

    fn taken(&self, lease: Lease) -> Lease {
        lease.taken_by(&self.config.identity, self.config.lease_duration, self.clock.now())
    }

    async fn write(&mut self, lease: &Lease) -> Result<(), String> {
        let request = put_request(&self.taken(lease.clone()))?;
        let written = self.call(request).await?;
        self.accept(written).map(|_| ())
    }

    async fn read(&self) -> Result<Option<Lease>, String> {
        self.call(get_request(&self.config.namespace, &self.config.name)?).await
    }

    /// Sends a request; none if there is no such lease.
    async fn call(&self, request: http::Request<Vec<u8>>) -> Result<Option<Lease>, String> {
        match timeout(self.config.call_timeout, self.client.request::<Lease>(request)).await {
            Err(_) => Err("no answer in time".into()),
            Ok(Ok(lease)) => Ok(Some(lease)),
            Ok(Err(kube::Error::Api(status))) if status.is_not_found() => Ok(None),
            Ok(Err(kube::Error::Api(status))) => Err(super::wire::describe(&status)),
            Ok(Err(error)) => Err(error.to_string()),
        }
    }

    /// Gives the lease back, so that another need not wait for it to run out. If it fails, they wait.
    async fn release(&self) {
        for _ in 0..2 {
            // Read first: whether the last renewal took effect may be unknown.
            let Ok(Some(lease)) = self.read().await else {
                return;
            };
            if lease.holder() != self.config.identity {
                return;
            }
            let Ok(request) = put_request(&lease.released(self.clock.now())) else {
                return;
            };
            match self.call(request).await {
                Ok(_) => {
                    return tracing::info!(event = "lease_released", "the lease is given back");
                }
                Err(error) => tracing::warn!(event = "release_failed", "the lease could not be given back: {error}"),
            }
        }
    }
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
