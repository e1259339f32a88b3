//! What fuzzing does with octets: `fuzz/fuzz_targets` runs it with octets that are searched for, `tests/corpora.rs` with
//! those that were worth keeping.

mod applets;
mod card;
mod coding;
mod image;
mod packet;
mod records;
mod remote;
mod script;
mod server;
mod smpp;
mod steps;
mod terminal;
mod toolkit;
mod tpdu;
mod trace;
mod vcard;

/// A target of fuzzing.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name on the command line, and the name of its corpus.
    pub name: &'static str,
    /// Does with octets what it is there for, and says in a word how far that went. It panics if a promise is broken.
    pub run: fn(&[u8]) -> &'static str,
}

/// All of them, by name.
pub const TARGETS: [Target; 14] = [
    Target { name: "applets", run: applets::run },
    Target { name: "card", run: card::run },
    Target { name: "coding", run: coding::run },
    Target { name: "image", run: image::run },
    Target { name: "packet", run: packet::run },
    Target { name: "records", run: records::run },
    Target { name: "script", run: script::run },
    Target { name: "server", run: server::run },
    Target { name: "smpp", run: smpp::run },
    Target { name: "terminal", run: terminal::run },
    Target { name: "toolkit", run: toolkit::run },
    Target { name: "tpdu", run: tpdu::run },
    Target { name: "trace", run: trace::run },
    Target { name: "vcard", run: vcard::run },
];

/// What a target says of octets with which there was nothing to do.
pub const NOTHING: &str = "nothing";

/// Runs the target of this name.
///
/// # Panics
/// If a promise is broken, or there is no such target.
pub fn run(name: &str, octets: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    (target.run)(octets);
}
