//! Free ports on loopback.
//!
//! They are taken from below the range from which systems choose the local ports of outgoing
//! connections (32768 and up on Linux, 49152 and up elsewhere): a program that is killed and
//! started again must find its port free, and a client that happens to connect meanwhile could
//! otherwise be given that very port. A port is probed, not reserved: another process may win the
//! race for it, and the start is then tried again with others.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::error::Error;

const FIRST: u16 = 20_000;
const COUNT: u16 = 9_000;

/// A port on 127.0.0.1 that was free a moment ago and that this process was not given before.
///
/// # Errors
/// [`Error::Invalid`] when none is free.
pub fn free() -> Result<u16, Error> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes begin at different places, so that two at once rarely probe the same port.
    let start = (std::process::id() % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + ((u32::from(start) * 7 + u32::from(step)) % u32::from(COUNT)) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::Invalid(format!("no free port on 127.0.0.1 from {FIRST} to {}", FIRST + COUNT)))
}
