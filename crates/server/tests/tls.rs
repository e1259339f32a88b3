//! TLS to PostgreSQL: with one that serves no other connection, and a certificate that the test has made.

mod postgres;

use std::path::Path;

use oxisim_server::{PostgresStore, StoreKey};
use postgres::Cluster;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

const KEY: StoreKey = StoreKey::new([7; 32]);

/// An authority, and a certificate of it for `localhost`: both in PEM, and the key of that.
fn certified(by: &str) -> (String, String, String) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.distinguished_name.push(DnType::CommonName, by);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}

#[test]
fn a_store_is_reached_by_tls_and_only_a_database_that_is_trusted() {
    let (authority, certificate, key) = certified("One");
    let Some(cluster) = Cluster::start_with_tls(&certificate, &key) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let (roots, strange) = (file("ca.pem", &authority), file("other.pem", &certified("Other").0));
    let verified = |roots: &Path| format!("sslmode=verify-full&sslrootcert={}", roots.display());
    let connect = |host: &str, query: &str| {
        let place = cluster.url("postgres").replace("127.0.0.1", host);
        PostgresStore::connect(&format!("{place}?{query}"), &KEY).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(connect("localhost", &verified(&roots)), Ok(()));
    assert_eq!(connect("localhost", "sslmode=require"), Ok(()));
    assert_eq!(connect("localhost", "sslmode=prefer"), Ok(()));
    assert_eq!(connect("127.0.0.1", ""), Ok(()), "as prefer");
    for (host, query, why) in [
        (
            "localhost",
            verified(&strange),
            "PostgreSQL is not trusted: invalid peer certificate: UnknownIssuer",
        ),
        (
            "127.0.0.1",
            verified(&roots),
            "PostgreSQL is not trusted: invalid peer certificate: certificate not valid",
        ),
        ("localhost", "sslmode=disable".into(), "PostgreSQL failed: "),
    ] {
        let error = connect(host, &query).unwrap_err();
        assert!(error.starts_with(why), "{query}: {error}");
    }
}
