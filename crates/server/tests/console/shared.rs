//! The consoles of several servers on one store.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use oxisim_server::{Leases, SqliteStore, StoreKey, console::Role};

use crate::kit::{ALICE, Bench, PASSWORD, START, Signed, ask, get, post};

/// Two servers' consoles on one database.
struct Pair {
    one: Bench,
    other: Bench,
    _folder: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let open = || SqliteStore::open(folder.path().join("backup.db"), &StoreKey::new([7; 32])).unwrap();
        Self { one: Bench::sharing(open()), other: Bench::sharing(open()), _folder: folder }
    }

    fn with_ada() -> Self {
        let pair = Self::new();
        let now = oxisim_wire::Instant::from_secs(START);
        oxisim_server::console::Console::create_account(
            &*pair.one.drawers,
            "ada",
            PASSWORD,
            Role::Operator,
            now,
        )
        .unwrap();
        pair
    }
}

async fn is_signed_in(bench: &Bench, signed: &Signed) -> bool {
    bench.send(get("/subscribers").signed(signed).empty()).await.status == StatusCode::OK
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_opened_at_one_server_works_at_the_other_and_ends_at_both() {
    let Pair { one, other, _folder } = Pair::with_ada();
    let ada = one.sign_in("ada").await;
    assert!(is_signed_in(&other, &ada).await);
    let changed = ask("PUT", "/api/v1/groups/de").signed(&ada).json(r#"{"prefixes":["49"]}"#);
    assert_eq!(other.send(changed).await.status, StatusCode::OK);
    let seen = one.send(get("/api/v1/groups/de").signed(&ada).empty()).await;
    assert!(seen.text.contains(r#""prefixes":["49"]"#), "{}", seen.text);
    other.send(post("/logout").cookie(&ada.cookie).form(&[("csrf", &ada.csrf)])).await;
    for bench in [&one, &other] {
        assert!(!is_signed_in(bench, &ada).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_while_another_server_notes_its_use_stays_ended() {
    let Pair { one, other, _folder } = Pair::with_ada();
    let ada = one.sign_in("ada").await;
    // From here on each request would note that the session is used.
    one.time.fetch_add(120, Ordering::Relaxed);
    let (kept, signed_out) = tokio::join!(
        one.send(get("/account").signed(&ada).empty()),
        other.send(post("/logout").cookie(&ada.cookie).form(&[("csrf", &ada.csrf)])),
    );
    assert_eq!(signed_out.status, StatusCode::SEE_OTHER, "{}", kept.status);
    assert!(!is_signed_in(&one, &ada).await && !is_signed_in(&other, &ada).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_server_has_to_do_is_said_and_not_done() {
    let Pair { one, other, _folder } = Pair::with_ada();
    let (at, span) = (oxisim_wire::Instant::from_secs(START), oxisim_wire::Duration::from_secs(60));
    crate::kit::fill(one.server.lock().unwrap().store());
    one.server.lock().unwrap().store().acquire("one", 256, at, span).unwrap();
    other.server.lock().unwrap().store().acquire("other", 256, at, span).unwrap();
    let ada = other.sign_in("ada").await;
    let id = other.id(&ada, ALICE.0).await;
    let forget = || ask("DELETE", &format!("/api/v1/subscribers/{id}")).signed(&ada).empty();
    let answer = other.send(forget()).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text.contains("Another server works for this subscriber."), "{}", answer.text);
    assert_eq!(one.send(forget()).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_one() {
    let Pair { one, other, _folder } = Pair::with_ada();
    let ada = one.sign_in("ada").await;
    other.send(get("/throughput").signed(&ada).empty()).await;
    other.send(get("/subscribers").signed(&ada).empty()).await;
    let log = one.send(get("/audit").signed(&ada).empty()).await.text;
    assert!(log.contains("list subscribers") && log.contains("sign in"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_of_the_servers_codes_makes_the_first_account() {
    let Pair { one, other, _folder } = Pair::new();
    let form = |bench: &Bench, name: &'static str| {
        let code = bench.console.setup_code().unwrap();
        post("/setup").form(&[("code", &*code), ("name", name), ("password", PASSWORD)])
    };
    let [first, second] = [form(&one, "ada"), form(&other, "eve")];
    assert_eq!(one.send(first).await.status, StatusCode::SEE_OTHER);
    let answer = other.send(second).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("There is an account already: sign in with it."), "{}", answer.text);
    let answer = other.send(get("/setup").empty()).await;
    assert_eq!(answer.location(), "/login");
    assert_eq!(other.send(get("/login").empty()).await.status, StatusCode::OK);
    other.sign_in("ada").await;
}
