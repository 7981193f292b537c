//! One GET to an endpoint: resolved once, connected to exactly the address that was vetted, bounded in time and size.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::address::denied;
use super::endpoints::Endpoint;

/// How long all of it may take.
pub const TIMEOUT: Duration = Duration::from_secs(2);
/// How much of an answer is read, in bytes.
pub const LARGEST: usize = 64 * 1024;

/// Why there is no answer. The texts name what the admin wrote, and nothing that was answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The endpoint is not usable as it is written.
    #[error("the endpoint's definition is not usable: {0}")]
    Definition(String),
    /// Its name leads to an address that is not connected to.
    #[error("no connection is made to its address: {0}")]
    Denied(&'static str),
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it did not answer within {} s", TIMEOUT.as_secs())]
    TooSlow,
    #[error("its answer is larger than {} KiB", LARGEST / 1024)]
    TooLarge,
}

/// Sends a GET for the endpoint's own path with this appended, and reads the answer.
///
/// # Errors
///
/// Whatever kept the answer from coming. Any status is an answer, redirects included: none is followed.
pub async fn get(endpoint: &Endpoint, tail: &str) -> Result<(StatusCode, Bytes), Trouble> {
    tokio::time::timeout(TIMEOUT, ask(endpoint, tail)).await.map_err(|_| Trouble::TooSlow)?
}

struct Target {
    tls: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
}

fn target(url: &str, tail: &str) -> Result<Target, Trouble> {
    let bad = |why: &str| Trouble::Definition(why.to_owned());
    let uri: Uri = url.parse().map_err(|_| bad("its url is none"))?;
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(bad("its url begins with neither http:// nor https://")),
    };
    let authority = uri.authority().ok_or_else(|| bad("its url names no host"))?;
    if authority.as_str().contains('@') {
        return Err(bad("its url holds credentials"));
    }
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let path = if tail.is_empty() { path.to_owned() } else { format!("{}{tail}", path.trim_end_matches('/')) };
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    Ok(Target { tls, host, port, authority: authority.to_string(), path })
}

async fn ask(endpoint: &Endpoint, tail: &str) -> Result<(StatusCode, Bytes), Trouble> {
    let target = target(&endpoint.url, tail)?;
    let address = resolve(&target, endpoint.private).await?;
    let stream = TcpStream::connect(address).await.map_err(|e| Trouble::Unreachable(e.kind().to_string()))?;
    if !target.tls {
        return exchange(&target, stream).await;
    }
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| Trouble::Definition("its host is no name for TLS".to_owned()))?;
    let tls = TlsConnector::from(Arc::new(trust(endpoint.ca.as_deref())?))
        .connect(name, stream)
        .await
        .map_err(|e| Trouble::Unreachable(format!("TLS: {e}")))?;
    exchange(&target, tls).await
}

/// The address to connect to. If the name leads to any address that is denied, it leads nowhere.
async fn resolve(target: &Target, private: bool) -> Result<SocketAddr, Trouble> {
    let found = tokio::net::lookup_host((target.host.as_str(), target.port))
        .await
        .map_err(|_| Trouble::Unreachable("its name does not resolve".to_owned()))?;
    vetted(found, private)
}

fn vetted(found: impl Iterator<Item = SocketAddr>, private: bool) -> Result<SocketAddr, Trouble> {
    let all: Vec<SocketAddr> = found.collect();
    if let Some(why) = all.iter().find_map(|a| denied(a.ip(), private)) {
        return Err(Trouble::Denied(why));
    }
    all.first().copied().ok_or_else(|| Trouble::Unreachable("its name leads to no address".to_owned()))
}

fn trust(ca: Option<&str>) -> Result<ClientConfig, Trouble> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let bad = || Trouble::Definition("its ca holds no certificate".to_owned());
                roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
            }
        }
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    if roots.is_empty() {
        return Err(Trouble::Definition("no certificate authority is known: give it a ca".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Trouble::Definition(e.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

async fn exchange<S>(target: &Target, stream: S) -> Result<(StatusCode, Bytes), Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let lost = |_| Trouble::Unreachable("it does not speak HTTP".to_owned());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
    let request = Request::get(target.path.as_str())
        .header(header::HOST, target.authority.as_str())
        .header(header::USER_AGENT, concat!("rollcall/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| Trouble::Definition("its path is none".to_owned()))?;
    let answered = async {
        let answer = sender.send_request(request).await.map_err(lost)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|_| Trouble::TooLarge)?;
        Ok((status, body.to_bytes()))
    };
    // The connection makes progress only while it is polled, and ends with this function.
    tokio::pin!(answered);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        answer = &mut answered => answer,
        _ = &mut connection => answered.await,
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
