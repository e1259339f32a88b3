//! Who reaches the console, and whether that is safe.

use std::net::SocketAddr;

use super::{AccountError, DeskError, is_loopback};

/// How the console is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub has_tls: bool,
    /// Names under which it is asked for, beside its address; without any, of a console that others reach, all are taken.
    pub names: Vec<String>,
}

/// Why a console is not opened.
#[derive(Debug, thiserror::Error)]
pub enum Unsafe {
    /// Others reach it, and could read along.
    #[error(
        "the console would listen on {0}, which others reach, without TLS: name a certificate and its key, or listen on \
         127.0.0.1"
    )]
    NoTls(SocketAddr),
    /// Others reach it, and anybody could be the first to make an account.
    #[error(
        "the console would listen on {0}, which others reach, without an operator's account: make one first, or listen \
         on 127.0.0.1"
    )]
    NoAccount(SocketAddr),
    /// Its documents cannot be read.
    #[error("the console's accounts cannot be read: {0}")]
    Accounts(#[from] AccountError),
}

impl From<DeskError> for Unsafe {
    fn from(error: DeskError) -> Self {
        Self::Accounts(error.into())
    }
}

impl Exposure {
    /// On this machine only, without TLS.
    #[must_use]
    pub const fn loopback(port: u16) -> Self {
        let address = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port);
        Self { address, has_tls: false, names: Vec::new() }
    }

    /// Whether only this machine reaches it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.address.ip())
    }

    pub(super) fn check(&self, has_operator: bool) -> Result<(), Unsafe> {
        if self.is_loopback() {
            return Ok(());
        }
        if !self.has_tls {
            return Err(Unsafe::NoTls(self.address));
        }
        if has_operator { Ok(()) } else { Err(Unsafe::NoAccount(self.address)) }
    }

    /// Whether a request with this `Host` is meant for the console. Another site can give its own name this machine's
    /// address, and its pages would then count as the console's.
    pub(super) fn answers_to(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
            _ => host,
        };
        let is_own = self.names.iter().any(|own| own.eq_ignore_ascii_case(name));
        if self.is_loopback() {
            is_own || ["localhost", "127.0.0.1", "[::1]"].contains(&name)
        } else {
            is_own || self.names.is_empty() || name == self.address.ip().to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, has_tls: bool) -> Exposure {
        Exposure { address: address.parse().unwrap(), has_tls, names: Vec::new() }
    }

    #[test]
    fn others_reach_it_only_with_tls_and_an_account() {
        for address in ["127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(at(address, false).check(false).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "[::ffff:192.0.2.1]:80"] {
            assert!(matches!(at(address, false).check(true), Err(Unsafe::NoTls(_))), "{address}");
            assert!(matches!(at(address, true).check(false), Err(Unsafe::NoAccount(_))), "{address}");
            assert!(at(address, true).check(true).is_ok(), "{address}");
        }
    }

    #[test]
    fn another_name_for_this_machine_is_refused() {
        let own = at("127.0.0.1:8080", false);
        assert!(["localhost:8080", "127.0.0.1", "[::1]:9"].iter().all(|host| own.answers_to(host)));
        assert!(["evil.example", "localhost.evil.example:80", ""].iter().all(|host| !own.answers_to(host)));
        let named = Exposure { names: vec!["console.example".into()], ..at("0.0.0.0:443", true) };
        assert!(named.answers_to("Console.example:443") && !named.answers_to("evil.example"));
    }
}
