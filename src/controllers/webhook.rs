//! The webhook in the operator's hands: whether this cluster needs one, its certificate, and that the API server
//! trusts it. Every replica serves, whether it leads or not.
//!
//! A certificate is served only after the API server was told to trust it, and long enough after for every API
//! server to have heard. In between the former one is served, which is trusted too.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::world::World;
use crate::cluster::ObjectKey;
use crate::cluster::admission::WebhookConfiguration;
use crate::cluster::writes::{ApiError, Objects};
use crate::http::webhook::{self, CertificateError, Issued, Serving};
use crate::manifests::names::WEBHOOK;
use crate::manifests::webhook::host_names;
use crate::manifests::{Mechanism, Reach};
use crate::settings::Settings;
use crate::shutdown::Shutdown;

/// Between two looks at what may have changed without an event: files, and the time.
const LOOK: Duration = Duration::from_secs(5);
/// How long API servers may take to hear of a certificate before it is served.
const HEARD: TimeDelta = TimeDelta::seconds(5);

/// Finds out which mechanism the API server has, and asks again until it answers.
pub async fn learn(settings: &Settings, objects: &Objects) -> Mechanism {
    let reach = settings.webhook.url.clone().map_or(Reach::Service, Reach::Url);
    loop {
        match objects.serves_policies().await {
            Ok(serves) => return Mechanism::of(serves, reach),
            Err(error) => tracing::warn!(event = "api_server_not_reached", "{error}"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Whether the API server trusts what is served, for whoever asks.
#[derive(Debug)]
pub struct Trust {
    state: Mutex<Result<(), String>>,
    /// Told when the configuration has changed.
    pub changed: Notify,
}

impl Default for Trust {
    fn default() -> Self {
        Self { state: Mutex::new(Err("there is no certificate yet".to_owned())), changed: Notify::new() }
    }
}

impl Trust {
    /// # Errors
    /// Why the API server does not, or not yet.
    pub fn state(&self) -> Result<(), String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: Result<(), String>) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// Serves the webhook until the shutdown, and keeps it trusted.
///
/// # Errors
///
/// When there is no certificate to begin with.
pub fn begin(
    world: &Arc<World>,
    reach: &Reach,
    listener: TcpListener,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<()>,
) -> Result<(), CertificateError> {
    let source = Source { world: world.clone(), names: host_names(&world.settings.namespace, reach) };
    let serving = Serving::new(source.fresh()?);
    tasks.spawn(webhook::serve(listener, serving.clone(), world.objects.clone(), shutdown.clone()));
    tasks.spawn(Keeper { source, serving, next: None }.keep(shutdown.clone()));
    Ok(())
}

/// Where certificates come from.
struct Source {
    world: Arc<World>,
    names: Vec<String>,
}

impl Source {
    /// A new own certificate, or what the files say now.
    fn fresh(&self) -> Result<Issued, CertificateError> {
        match &self.world.settings.webhook.certificates {
            Some(folder) => webhook::read(folder),
            None => webhook::issue(&self.names, self.world.clock.now()),
        }
    }

    /// What is to replace `current`, if it is time or the files have changed.
    fn successor(&self, current: &Issued) -> Result<Option<Issued>, CertificateError> {
        let due = current.renewal.is_none_or(|at| at <= self.world.clock.now());
        if due { Ok(Some(self.fresh()?).filter(|fresh| !fresh.is(current))) } else { Ok(None) }
    }
}

/// Keeps the API server trusting what is served.
struct Keeper {
    source: Source,
    serving: Arc<Serving>,
    /// What is to be served next, and since when it is trusted.
    next: Option<(Issued, Option<DateTime<Utc>>)>,
}

impl Keeper {
    async fn keep(mut self, shutdown: Shutdown) {
        loop {
            let world = self.source.world.clone();
            let state = self.look().await;
            if let Err(why) = &state {
                tracing::warn!(event = "webhook_not_trusted", "{why}");
            }
            world.trust.set(state);
            tokio::select! {
                () = shutdown.requested() => return,
                () = world.trust.changed.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// One look: what is served must be trusted, and so must what is served next.
    async fn look(&mut self) -> Result<(), String> {
        let current = self.serving.current();
        let successor = match &self.next {
            // Files may change again before they are served.
            Some((next, _)) if next.renewal.is_none() => self.source.successor(&current),
            Some(_) => Ok(None),
            None => self.source.successor(&current),
        };
        match successor {
            Ok(Some(fresh)) if !self.next.as_ref().is_some_and(|(next, _)| next.is(&fresh)) => {
                self.next = Some((fresh, None));
            }
            Ok(_) => {}
            // What is served goes on being served; that it is old is told when it has ended.
            Err(error) => tracing::warn!(event = "certificate_not_renewed", "{error}"),
        }
        let world = &self.source.world;
        ensure(world, &current).await?;
        let Some((next, since)) = &mut self.next else { return ended(&current, world.clock.now()) };
        ensure(world, next).await?;
        let now = world.clock.now();
        if now - *since.get_or_insert(now) >= HEARD {
            tracing::info!(event = "certificate_renewed", until = ?next.until, "serving another certificate");
            self.serving.replace(next.clone());
            self.next = None;
        }
        Ok(())
    }
}

fn ended(current: &Issued, now: DateTime<Utc>) -> Result<(), String> {
    if current.until.is_some_and(|until| until <= now) {
        return Err("the certificate has ended and could not be renewed".to_owned());
    }
    Ok(())
}

/// Adds an authority to every webhook of the configuration that does not trust it yet.
async fn ensure(world: &World, issued: &Issued) -> Result<(), String> {
    for _ in 0..3 {
        let Some(found) = configuration(world) else {
            return Err(format!("the MutatingWebhookConfiguration {WEBHOOK} is missing"));
        };
        if found.trusted.iter().all(|bundle| webhook::trusts(bundle, &issued.authority)) {
            return Ok(());
        }
        let (owner, now) = (&world.settings.identity, world.clock.now());
        let with = |bundle: &String| webhook::with(bundle, &issued.authority, owner, issued.until, now);
        let bundles: Vec<String> = found.trusted.iter().map(with).collect();
        let before = found.meta.version.clone();
        match world.objects.trust(&found, &bundles).await {
            Ok(()) | Err(ApiError::Conflict { .. }) => {}
            Err(error) => return Err(format!("the webhook's certificate cannot be made known: {error}")),
        }
        // The watch tells what came of it: ours, or what another replica added meanwhile.
        let seen = async {
            while configuration(world).is_some_and(|now| now.meta.version == before) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), seen).await;
    }
    Err("the webhook's certificate is not known to the API server yet".to_owned())
}

fn configuration(world: &World) -> Option<Arc<WebhookConfiguration>> {
    world.stores.webhooks.get(&ObjectKey::new("", WEBHOOK))
}
