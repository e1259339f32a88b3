//! Who may know whom: dependencies point one way, and card and terminal never know each other.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// For each room the rooms that it may depend on. What is not named here is not allowed.
const ALLOWED: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("apdu", &["wire"]),
    ("sms", &["wire"]),
    ("toolkit", &["wire", "sms"]),
    ("phonebook", &["wire", "sms"]),
    ("backup", &["wire", "sms", "phonebook"]),
    ("card", &["wire", "apdu", "toolkit", "sms"]),
    ("terminal", &["wire", "apdu", "toolkit", "sms", "phonebook", "backup"]),
    ("applets", &["wire", "card", "toolkit", "sms", "phonebook", "backup"]),
    ("world", &["wire", "card", "terminal", "applets", "phonebook", "backup", "sms", "toolkit"]),
    ("server", &["wire", "backup", "phonebook", "sms", "smpp"]),
    ("transport", &["apdu", "wire"]),
    ("trace", &["wire", "apdu", "toolkit", "sms", "transport"]),
    ("script", &["wire", "apdu", "toolkit", "sms"]),
    ("smpp", &["wire", "sms"]),
    ("smsc", &["wire", "sms", "smpp"]),
    (
        "simulation",
        &[
            "wire",
            "apdu",
            "sms",
            "toolkit",
            "phonebook",
            "backup",
            "card",
            "terminal",
            "applets",
            "world",
            "server",
            "trace",
        ],
    ),
    ("image", &["wire", "apdu", "sms", "toolkit", "phonebook", "backup", "card", "applets"]),
    ("kit", &["wire", "apdu", "sms", "toolkit", "card", "terminal", "world"]),
];

/// Rooms that have the standard library: files, sockets and threads are their business, or the tests of others.
const HOSTS: &[&str] = &["server", "smpp", "smsc", "transport", "trace", "kit", "image", "simulation"];

/// Rooms that may know any other: the program and the tests.
const ANY: &[&str] = &["oxisim", "oxisim-tests"];

#[test]
fn dependencies_point_one_way() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if ANY.contains(&name) {
            continue;
        }
        let room = name.strip_prefix("oxisim-").unwrap_or(name);
        let Some(allowed) = allowed.get(room) else {
            wrong.push(format!("{name} is no room of the house"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            if let Some(other) = dependency.name.strip_prefix("oxisim-")
                && !allowed.contains(&other)
            {
                wrong.push(format!("{room} may not know {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Below the hosts there is no standard library, so no clock, socket, file or thread either.
#[test]
fn machines_have_no_standard_library() {
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    for (room, _) in ALLOWED.iter().filter(|(room, _)| !HOSTS.contains(room)) {
        let lib = std::fs::read_to_string(crates.join(room).join("src/lib.rs")).expect("lib.rs");
        assert!(lib.contains("#![no_std]"), "{room} has the standard library");
    }
}
