//! A proxy between one process of the operator and the API server. It knows which request is a write that counts, and
//! asks at each one what is to become of it: so that a fault falls on exactly the k-th write, which chance never does.
//!
//! It speaks plain HTTP/1.1 to the process and TLS to the API server, passes on who asks, and changes nothing of what it
//! lets through but the user agent: that names the process, so that the audit log tells who wrote.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use control_plane::Access;
use futures::StreamExt;
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, BodyStream, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{Done, Installed};

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing happens to it.
    Passes,
    /// The process dies, and the API server never gets it.
    DiesBefore,
    /// The API server does it, and the process dies before it sees the answer.
    DiesAfter,
    /// The connection breaks before the API server gets it.
    Lost,
    /// The API server does it, and the connection breaks before the answer.
    AnswerLost,
    /// It arrives so much later, after grants are void.
    Late(Duration),
    /// The process stands still as its write is on the way: for longer than its lease, if so ordered.
    Freezes,
    /// Every watch ends without a word, and this write passes.
    WatchesCut,
}

/// What the proxy wants done to its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    Kill,
    Freeze,
}

/// A write that counts: everything but leases, Events and questions about rights. They are made all the time, and
/// decide nothing.
#[derive(Clone, Debug)]
pub struct Write {
    pub method: Method,
    pub path: String,
}

/// Decides what becomes of each write.
pub type Plan = Box<dyn FnMut(&Write) -> Fate + Send>;

/// Writes pass while somebody holds it for reading; whoever holds it for writing knows that none is under way.
pub type Gate = Arc<tokio::sync::RwLock<()>>;

type Body = UnsyncBoxBody<Bytes, Broken>;

/// Why a connection broke, on purpose or not.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);

impl Broken {
    fn by(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl From<hyper::Error> for Broken {
    fn from(why: hyper::Error) -> Self {
        Self::by(why)
    }
}

struct Line {
    /// The name of the process.
    agent: HeaderValue,
    upstream: Upstream,
    plan: Mutex<Plan>,
    gate: Gate,
    /// The process is about to die: nothing of it gets through any more.
    dead: AtomicBool,
    orders: mpsc::UnboundedSender<Order>,
    cuts: watch::Sender<usize>,
}

/// A proxy under way; it ends with this value.
pub struct Proxy {
    line: Arc<Line>,
    pub kubeconfig: PathBuf,
    pub orders: mpsc::UnboundedReceiver<Order>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy for a process that acts as the operator's account, whose access this is.
    pub async fn start(installed: &Installed, access: &Access, name: &str, plan: Plan, gate: Gate) -> Done<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let text = std::fs::read_to_string(access.kubeconfig_path())?;
        let mut kubeconfig: serde_json::Value = serde_json::from_str(&text)?;
        kubeconfig["clusters"][0]["cluster"] = json!({"server": format!("http://{}", listener.local_addr()?)});
        let path = installed.plane.dir().join(format!("proxy-{name}.kubeconfig"));
        std::fs::write(&path, kubeconfig.to_string())?;
        let (orders, obeyed) = mpsc::unbounded_channel();
        let line = Arc::new(Line {
            agent: HeaderValue::from_str(name)?,
            upstream: Upstream::of(&access.config())?,
            plan: Mutex::new(plan),
            gate,
            dead: AtomicBool::new(false),
            orders,
            cuts: watch::channel(0).0,
        });
        let accepting = tokio::spawn(accept(listener, line.clone()));
        Ok(Self { line, kubeconfig: path, orders: obeyed, accepting })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.dead.store(true, Ordering::SeqCst);
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, line: Arc<Line>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, line.clone()));
    }
}

/// Serves one connection of the process, with one of its own to the API server.
async fn converse(stream: TcpStream, line: Arc<Line>) {
    let sender = Arc::new(tokio::sync::Mutex::new(None));
    let service = service_fn(move |request| {
        let (line, sender) = (line.clone(), sender.clone());
        async move { line.answer(request, &sender).await }
    });
    let _broken_off = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

type Sender = tokio::sync::Mutex<Option<SendRequest<Full<Bytes>>>>;

impl Line {
    /// The answer of the API server; an error breaks the connection, which is what the process then sees.
    async fn answer(&self, request: Request<Incoming>, sender: &Sender) -> Result<Response<Body>, Broken> {
        if self.dead.load(Ordering::SeqCst) {
            return Ok(never().await);
        }
        let (mut head, body) = request.into_parts();
        head.headers.insert(http::header::USER_AGENT, self.agent.clone());
        let body = body.collect().await?.to_bytes();
        let request = Request::from_parts(head, Full::new(body));
        let Some(write) = self.counted(&request) else {
            return self.forward(request, sender).await;
        };
        let fate = self.plan.lock().map_err(|_| Broken("a plan panicked".to_owned()))?(&write);
        match fate {
            Fate::Passes => self.passes(request, sender).await,
            Fate::DiesBefore => Ok(self.dies().await),
            Fate::DiesAfter => {
                self.dead.store(true, Ordering::SeqCst);
                self.whole(request, sender).await?;
                Ok(self.dies().await)
            }
            Fate::Lost => Err(Broken(format!("{} {} is lost", write.method, write.path))),
            Fate::AnswerLost => {
                self.whole(request, sender).await?;
                Err(Broken(format!("the answer to {} {} is lost", write.method, write.path)))
            }
            Fate::Late(by) => {
                tokio::time::sleep(by).await;
                self.passes(request, sender).await
            }
            Fate::Freezes => {
                let _ = self.orders.send(Order::Freeze);
                self.passes(request, sender).await
            }
            Fate::WatchesCut => {
                self.cuts.send_modify(|n| *n += 1);
                self.passes(request, sender).await
            }
        }
    }

    fn counted(&self, request: &Request<Full<Bytes>>) -> Option<Write> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&method);
        let beside = path.contains("/leases") || path.contains("/events") || path.contains("authorization.k8s.io");
        let tries = request.uri().query().is_some_and(|q| q.contains("dryRun"));
        if !writes || beside || tries {
            return None;
        }
        Some(Write { method, path })
    }

    async fn dies<T>(&self) -> T {
        self.dead.store(true, Ordering::SeqCst);
        let _ = self.orders.send(Order::Kill);
        never().await
    }

    /// Lets the API server do it all, and keeps the answer.
    async fn whole(&self, request: Request<Full<Bytes>>, sender: &Sender) -> Result<(), Broken> {
        let _under_way = self.gate.read().await;
        let answer = self.upstream.send(request, sender).await?;
        answer.into_body().collect().await?;
        Ok(())
    }

    async fn passes(&self, request: Request<Full<Bytes>>, sender: &Sender) -> Result<Response<Body>, Broken> {
        let _under_way = self.gate.read().await;
        self.forward(request, sender).await
    }

    async fn forward(&self, request: Request<Full<Bytes>>, sender: &Sender) -> Result<Response<Body>, Broken> {
        let watches = request.uri().query().is_some_and(|q| q.contains("watch=true"));
        let answer = self.upstream.send(request, sender).await?;
        let (head, body) = answer.into_parts();
        if !watches {
            let body = body.map_err(Broken::from).boxed_unsync();
            return Ok(Response::from_parts(head, body));
        }
        let mut cuts = self.cuts.subscribe();
        let cut = async move {
            let _ = cuts.changed().await;
        };
        let frames = BodyStream::new(body).map(|frame| frame.map_err(Broken::from)).take_until(Box::pin(cut));
        Ok(Response::from_parts(head, BodyExt::boxed_unsync(StreamBody::new(frames))))
    }
}

async fn never<T>() -> T {
    let never: Result<T, Infallible> = std::future::pending().await;
    match never {
        Ok(value) => value,
    }
}

/// The API server, as the proxy reaches it.
struct Upstream {
    address: SocketAddr,
    host: String,
    tls: TlsConnector,
}

impl Upstream {
    fn of(config: &kube::Config) -> Done<Self> {
        let host = config.cluster_url.host().unwrap_or_default().to_owned();
        let port = config.cluster_url.port_u16().unwrap_or(443);
        let mut roots = RootCertStore::empty();
        for der in config.root_cert.iter().flatten() {
            roots.add(CertificateDer::from(der.clone()))?;
        }
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { address: SocketAddr::new(host.parse()?, port), host, tls: TlsConnector::from(Arc::new(tls)) })
    }

    /// Sends a request over the connection of before, or over a new one.
    async fn send(&self, mut request: Request<Full<Bytes>>, sender: &Sender) -> Result<Response<Incoming>, Broken> {
        let only_path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        *request.uri_mut() = only_path.parse::<Uri>().map_err(Broken::by)?;
        let mut sender = sender.lock().await;
        let mut ready = match sender.take() {
            Some(known) if !known.is_closed() => known,
            _ => self.connect().await?,
        };
        ready.ready().await?;
        let answer = ready.send_request(request).await?;
        *sender = Some(ready);
        Ok(answer)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Broken> {
        let stream = TcpStream::connect(self.address).await.map_err(Broken::by)?;
        let name = ServerName::try_from(self.host.clone()).map_err(Broken::by)?;
        let stream = self.tls.connect(name, stream).await.map_err(Broken::by)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
