//! Signing in, the first account, and what the audit log says of it.

use std::sync::{Arc, atomic::Ordering};

use axum::http::{StatusCode, header};
use oxisim_server::console::{Console, Exposure, Role, Unsafe};

use crate::kit::{ALICE, Bench, PASSWORD, get, post};

fn log_in(name: &str, password: &str, peer: &str) -> axum::http::Request<axum::body::Body> {
    post("/login").from(peer).form(&[("name", name), ("password", password)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_a_cookie_that_no_script_and_no_other_site_has() {
    let bench = Bench::new();
    let answer = bench.send(log_in("ada", PASSWORD, "192.0.2.7:1")).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.starts_with("oxisim=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );

    let address = "192.0.2.1:443".parse().unwrap();
    let exposure = Exposure { address, has_tls: true, names: vec!["localhost".into()] };
    let bench = Bench::exposed(&[("ada", Role::Operator)], exposure);
    let answer = bench.send(log_in("ada", PASSWORD, "192.0.2.7:1")).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let is_secure = cookie.starts_with("__Host-oxisim=") && cookie.ends_with("; SameSite=Strict; Secure");
    assert!(is_secure && answer.headers.contains_key("strict-transport-security"), "{cookie}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_its_holder_signs_out() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let answer = bench.send(post("/logout").cookie(&ada.cookie).form(&[("csrf", &ada.csrf)])).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/login"));
    let answer = bench.send(get("/subscribers").signed(&ada).empty()).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/login"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_passwords_is_held_up_by_name_and_by_address() {
    let bench = Bench::new();
    for n in 0..5 {
        let answer = bench.send(log_in("ada", "a wrong password", &format!("192.0.2.{n}:1"))).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text.contains("Name or password is wrong."));
    }
    // The right one is not tried either.
    let answer = bench.send(log_in("ada", PASSWORD, "192.0.2.99:1")).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.text.contains("Try again in 30 seconds."), "{}", answer.text);
    bench.time.fetch_add(30, Ordering::Relaxed);
    assert_eq!(bench.send(log_in("ada", PASSWORD, "192.0.2.99:1")).await.status, StatusCode::SEE_OTHER);

    for n in 0..5 {
        bench.send(log_in(&format!("name{n}"), "a wrong password", "198.51.100.1:1")).await;
    }
    let answer = bench.send(log_in("max", PASSWORD, "198.51.100.1:2")).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(bench.send(log_in("max", PASSWORD, "198.51.100.2:1")).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_code_makes_the_first_account_and_nobody_the_second() {
    let bench = Bench::exposed(&[], Exposure::loopback(8080));
    let code = bench.console.setup_code().unwrap();
    assert_eq!(bench.send(get("/subscribers").empty()).await.location(), "/setup");
    let set_up = |code: &str, name: &str, password: &str| {
        post("/setup").form(&[("code", code), ("name", name), ("password", password)])
    };
    for (code, name, password) in [("", "eve", PASSWORD), ("0", "eve", PASSWORD), (&*code, "eve", "short")] {
        let answer = bench.send(set_up(code, name, password)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let answer = bench.send(set_up(&code, "ada", PASSWORD)).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/subscribers"));
    assert_eq!(bench.console.setup_code(), None);
    let answer = bench.send(set_up(&code, "eve", PASSWORD)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    bench.sign_in("ada").await;
}

#[tokio::test]
async fn a_console_that_others_reach_opens_only_with_tls_and_an_operator() {
    let open = |has_tls, role: Option<Role>| {
        let bench = Bench::exposed(&[], Exposure::loopback(1));
        let now = oxisim_wire::Instant::EPOCH;
        if let Some(role) = role {
            Console::create_account(&*bench.drawers, "ada", PASSWORD, role, now).unwrap();
        }
        let address = "0.0.0.0:8443".parse().unwrap();
        let exposure = Exposure { address, has_tls, names: Vec::new() };
        let desk = Arc::new(oxisim_server::console::ServerDesk::new(Arc::clone(&bench.server), [0; 16]));
        let vitals = Arc::new(Nothing);
        Console::new(desk, bench.drawers, vitals, Arc::new(move || now), exposure).map(drop)
    };
    assert!(matches!(open(false, Some(Role::Operator)), Err(Unsafe::NoTls(_))));
    assert!(matches!(open(true, None), Err(Unsafe::NoAccount(_))));
    assert!(matches!(open(true, Some(Role::Auditor)), Err(Unsafe::NoAccount(_))));
    let why = open(false, None).unwrap_err().to_string();
    assert!(
        why.contains("0.0.0.0:8443") && why.contains("without TLS") && why.contains("127.0.0.1"),
        "{why}"
    );
    assert!(open(true, Some(Role::Operator)).is_ok());
}

struct Nothing;

impl oxisim_server::console::Vitals for Nothing {
    fn metrics(&self) -> Vec<oxisim_server::console::Metric> {
        Vec::new()
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_says_who_saw_what_and_names_no_subscriber() {
    let bench = Bench::new();
    bench.send(log_in("ada", "a wrong password", "192.0.2.7:1")).await;
    bench.send(log_in("my secret passphrase", "x", "192.0.2.7:1")).await;
    let [ada, max] = [bench.sign_in("ada").await, bench.sign_in("max").await];
    let id = bench.id(&ada, ALICE.0).await;
    for path in [format!("/subscribers/{id}"), format!("/subscribers/{id}/copies/card/contacts.vcf")] {
        bench.send(get(&path).signed(&ada).empty()).await;
        bench.send(get(&path).signed(&max).empty()).await;
    }
    let log = bench.send(get("/api/v1/audit").signed(&max).empty()).await.text;
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    let entries = log["entries"].as_array().unwrap();
    let acts: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| {
            let word = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
            (word("account"), word("act"), word("subject").replace(&id, "ID"))
        })
        .collect();
    let expected = [
        ("-", "sign in: wrong", "ada"),
        ("-", "sign in: wrong", "-"),
        ("ada", "sign in", "-"),
        ("max", "sign in", "-"),
        ("ada", "search a subscriber", "-"),
        ("ada", "see a subscriber", "ID"),
        ("max", "see a subscriber", "ID"),
        ("ada", "export contacts", "ID card"),
        ("max", "refused: export contacts", "ID card"),
        ("max", "see the audit log", "-"),
    ];
    assert_eq!(acts, expected.map(|(who, act, of)| (who.to_owned(), act.to_owned(), of.to_owned())));
    assert_eq!(entries[0]["from"], "192.0.2.7");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_noted_is_not_shown_and_not_done() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let id = bench.id(&ada, ALICE.0).await;
    bench.drawers.is_full.store(true, Ordering::Relaxed);
    let seen = bench.send(get(&format!("/subscribers/{id}/copies/card")).signed(&ada).empty()).await;
    let done = bench.send(post(&format!("/subscribers/{id}/forget")).signed(&ada).empty()).await;
    for answer in [seen, done] {
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!answer.text.contains(ALICE.1) && !answer.text.contains("/var/lib"), "{}", answer.text);
    }
    bench.drawers.is_full.store(false, Ordering::Relaxed);
    assert_eq!(bench.id(&ada, ALICE.0).await, id);
}
