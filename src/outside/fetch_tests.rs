use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::outside::EndpointKind;

fn at(url: &str, private: bool) -> Endpoint {
    Endpoint { kind: EndpointKind::Http, url: url.to_owned(), private, ca: None, namespaces: vec![] }
}

/// A server that gives one answer to everybody, and hands on what it was asked.
async fn server(answer: String) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (asked, seen) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let _ = asked.send(String::from_utf8_lossy(&request[..read]).into_owned());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, seen)
}

fn plain(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn it_asks_for_the_path_and_sends_no_credentials() {
    let (url, mut seen) = server(plain("200 OK", "fine")).await;
    let (status, body) = get(&at(&format!("{url}/base/"), true), "/more?x=1").await.expect("an answer");
    assert_eq!((status.as_u16(), &body[..]), (200, &b"fine"[..]));
    let request = seen.recv().await.expect("it was asked").to_lowercase();
    assert!(request.starts_with("get /base/more?x=1 http/1.1"), "{request}");
    assert!(!request.contains("authorization") && !request.contains("cookie"), "{request}");
}

#[tokio::test]
async fn whatever_form_leads_to_this_machine_is_denied_without_the_admins_word() {
    let (url, mut seen) = server(plain("200 OK", "secret")).await;
    let port = url.rsplit(':').next().expect("a port");
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"] {
        let answer = get(&at(&format!("http://{host}:{port}"), false), "").await;
        assert!(matches!(answer, Err(Trouble::Denied(_) | Trouble::Unreachable(_))), "{host}: {answer:?}");
    }
    assert!(seen.try_recv().is_err(), "nothing was ever sent");
    assert!(get(&at(&url, true), "").await.is_ok(), "with the admin's word it is asked");
}

#[test]
fn a_name_that_leads_to_a_denied_address_among_others_leads_nowhere() {
    let mixed = ["1.1.1.1:80", "127.0.0.1:80"].map(|a| a.parse().expect("an address"));
    assert!(matches!(vetted(mixed.into_iter(), false), Err(Trouble::Denied(_))));
    assert_eq!(vetted(mixed.into_iter().take(1), false), Ok(mixed[0]));
    assert!(matches!(vetted(std::iter::empty(), false), Err(Trouble::Unreachable(_))));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (inside, mut seen) = server(plain("200 OK", "secret")).await;
    let (url, _) = server(format!("HTTP/1.1 302 Found\r\nLocation: {inside}\r\nContent-Length: 0\r\n\r\n")).await;
    let (status, _) = get(&at(&url, true), "").await.expect("an answer");
    assert_eq!(status.as_u16(), 302);
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_is_read_to_its_limit_and_no_further() {
    let (url, _) = server(plain("200 OK", &"x".repeat(LARGEST))).await;
    assert!(get(&at(&url, true), "").await.is_ok());
    let (url, _) = server(plain("200 OK", &"x".repeat(LARGEST + 1))).await;
    assert_eq!(get(&at(&url, true), "").await, Err(Trouble::TooLarge));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    assert_eq!(get(&at(&url, true), "").await, Err(Trouble::TooSlow));
    drop(listener);
}

#[tokio::test]
async fn what_is_no_address_of_a_web_server_is_a_fault_of_the_definition() {
    for url in ["ftp://x.example", "x.example", "http://user:pass@x.example", "file:///etc/passwd", "http://"] {
        let answer = get(&at(url, true), "").await;
        assert!(matches!(answer, Err(Trouble::Definition(_))), "{url}: {answer:?}");
    }
}
