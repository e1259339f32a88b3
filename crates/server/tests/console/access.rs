//! Who gets what: each route with each role and without, and nobody another's data.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use oxisim_server::console::{ROUTES, Route, Who};

use crate::kit::{ALICE, Ask, BOB, Bench, PASSWORD, Signed, ask, get, post};

/// What nobody but operators may see: numbers, contacts, the number of a card.
const PERSONAL: [&str; 7] =
    [ALICE.0, "491511234567", ALICE.1, BOB.0, "15550100002", BOB.1, "8900101000000000019"];

/// The parts of paths that vary, as they are on the bench.
struct Places {
    id: String,
    token: String,
}

impl Places {
    async fn of(bench: &Bench, operator: &Signed) -> Self {
        let label = [("label", "prometheus")];
        bench.send(post("/account/tokens").signed(operator).form(&label)).await;
        let page = bench.send(get("/account").signed(operator).empty()).await.text;
        let token = page.split("/account/tokens/").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let group = ask("PUT", "/api/v1/groups/de").signed(operator).json(r#"{"prefixes":["49"]}"#);
        assert_eq!(bench.send(group).await.status, StatusCode::OK);
        Self { id: bench.id(operator, ALICE.0).await, token }
    }

    fn path(&self, route: &Route) -> String {
        let parts = [
            ("{id}", &*self.id),
            ("{token}", &*self.token),
            ("{book}", "card"),
            ("{group}", "de"),
            ("{name}", "max"),
        ];
        parts.iter().fold(route.path.to_owned(), |path, (part, value)| path.replace(part, value))
    }
}

/// What makes sense to send to a route.
fn request(route: &Route, ask: Ask) -> Request<Body> {
    match (route.method, route.path) {
        ("GET", _) => ask.empty(),
        (_, "/subscribers/find") => ask.form(&[("number", ALICE.0)]),
        (_, "/api/v1/subscribers/find") => ask.json(r#"{"number":"+491511234567"}"#),
        (_, "/policy" | "/policy/{group}") => ask.form(&[("name", "fr"), ("prefixes", "33")]),
        (_, "/api/v1/groups/{group}") => ask.json(r#"{"prefixes":["49"],"policy":{"subset":3}}"#),
        (_, "/accounts") => ask.form(&[("name", "eve"), ("password", PASSWORD), ("role", "auditor")]),
        (_, "/api/v1/accounts") => {
            ask.json(r#"{"name":"eve","password":"correct horse battery","role":"auditor"}"#)
        }
        (_, "/account/password") => ask.form(&[("old", PASSWORD), ("new", "another horse battery")]),
        (_, "/account/tokens") => ask.form(&[("label", "x")]),
        (_, "/login") => ask.form(&[("name", "ada"), ("password", PASSWORD)]),
        _ => ask.empty(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_answers_those_it_is_for_and_nobody_else() {
    for route in ROUTES {
        let bench = Bench::new();
        let [ada, max] = [bench.sign_in("ada").await, bench.sign_in("max").await];
        let places = Places::of(&bench, &ada).await;
        let path = places.path(route);
        let line = format!("{} {path}", route.method);
        // There are accounts already.
        let is_setup = route.path == "/setup" && route.method == "POST";

        let nobody = bench.send(request(route, ask(route.method, &path))).await;
        let is_to_login = nobody.status == StatusCode::SEE_OTHER && nobody.location() == "/login";
        match route.who {
            Who::Anyone => assert_ne!(nobody.status, StatusCode::UNAUTHORIZED, "{line}"),
            _ if route.is_page() => assert!(is_to_login, "{line}: {}", nobody.status),
            _ => assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{line}"),
        }
        for word in PERSONAL {
            assert!(!nobody.text.contains(word), "{line}: {word} is shown to nobody");
        }

        let auditor = bench.send(request(route, ask(route.method, &path).signed(&max))).await;
        if route.who == Who::Operator {
            assert_eq!(auditor.status, StatusCode::FORBIDDEN, "{line}");
        } else if !path.contains("/tokens/") && !is_setup {
            assert!(auditor.status.as_u16() < 400, "{line}: {}: {}", auditor.status, auditor.text);
        }
        for word in PERSONAL {
            assert!(!auditor.text.contains(word), "{line}: {word} is shown to an auditor");
        }

        let operator = bench.send(request(route, ask(route.method, &path).signed(&ada))).await;
        assert_eq!(
            operator.status.as_u16() >= 400,
            is_setup,
            "{line}: {}: {}",
            operator.status,
            operator.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_without_the_sessions_token_or_from_another_site() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let places = Places::of(&bench, &ada).await;
    for route in ROUTES.iter().filter(|route| route.method != "GET") {
        let path = places.path(route);
        let line = format!("{} {path}", route.method);
        let foreign = |name, value| ask(route.method, &path).signed(&ada).header(name, value);
        let mut refused = vec![
            request(route, foreign("origin", "https://evil.example")),
            request(route, foreign("origin", "null")),
            request(route, foreign("sec-fetch-site", "cross-site")),
            request(route, foreign("sec-fetch-site", "same-site")),
        ];
        if route.who != Who::Anyone {
            refused.push(request(route, ask(route.method, &path).cookie(&ada.cookie)));
            let other = "0".repeat(64);
            refused.push(request(
                route,
                ask(route.method, &path).cookie(&ada.cookie).header("x-csrf-token", &other),
            ));
        }
        for request in refused {
            let answer = bench.send(request).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{line}: {}", answer.text);
        }
    }
    // Nothing has happened to the subscriber.
    assert_eq!(bench.id(&ada, ALICE.0).await, places.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_that_are_guessed_lead_to_nobody() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let alice = bench.id(&ada, ALICE.0).await;
    let mut close: Vec<_> = (0..128)
        .map(|bit| format!("{:032x}", u128::from_str_radix(&alice, 16).unwrap() ^ (1 << bit)))
        .collect();
    let made_up = [
        "0",
        "1",
        "491511234567",
        "%2B491511234567",
        "00000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffff",
        "*",
        "%25",
        "..%2F..%2Fsubscribers",
        "..%5C",
        "%00",
        "' OR 1=1 --%20",
        &alice.to_uppercase(),
        &alice[..31],
        &format!("{alice}0"),
    ]
    .map(|id| id.replace(' ', "%20").replace('\'', "%27"));
    close.extend(made_up);
    close.retain(|id| *id != alice);
    for route in ROUTES.iter().filter(|route| route.path.contains("{id}")) {
        for id in &close {
            let path = route.path.replace("{id}", id).replace("{book}", "card");
            let answer = bench.send(request(route, ask(route.method, &path).signed(&ada))).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{} {path}", route.method);
            for word in PERSONAL.iter().filter(|word| !id.contains(**word)) {
                assert!(!answer.text.contains(word), "{path}: {word}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_one_subscriber_has_nothing_of_another() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    for ((own, name), (other, others_name)) in [(ALICE, BOB), (BOB, ALICE)] {
        let id = bench.id(&ada, own).await;
        let mut seen = String::new();
        for route in ROUTES.iter().filter(|route| route.method == "GET" && route.path.contains("{id}")) {
            let path = route.path.replace("{id}", &id).replace("{book}", "card");
            let answer = bench.send(get(&path).signed(&ada).empty()).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(!answer.text.contains(others_name) && !answer.text.contains(other), "{path}");
            assert!(!answer.text.contains(&format!("of {}", other.len())), "{path}: another's message");
            seen += &answer.text;
        }
        assert!(seen.contains(name) && seen.contains(own) && seen.contains(&format!("of {}", own.len())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tricks_with_paths_and_other_books_lead_nowhere() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let [alice, bob] = [bench.id(&ada, ALICE.0).await, bench.id(&ada, BOB.0).await];
    for path in [
        format!("/subscribers/{alice}/../{bob}"),
        format!("/subscribers/{alice}/copies/../../{bob}/copies/card"),
        format!("/subscribers/{alice}/copies/..%2F..%2F{bob}%2Fcopies%2Fcard/contacts.vcf"),
        format!("/subscribers/{alice}/copies/phone"),
        format!("/subscribers/{alice}/copies/0/contacts.vcf"),
        format!("/subscribers/{alice}/copies/card%00/contacts.vcf"),
        format!("//subscribers/{alice}"),
        format!("/subscribers/{alice}/"),
        format!("/subscribers/{alice},{bob}"),
        "/console.css/../audit".to_owned(),
        "/..%2f..%2fetc/passwd".to_owned(),
    ] {
        let answer = bench.send(get(&path).signed(&ada).empty()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text.contains(BOB.1) && !answer.text.contains(ALICE.1), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_anothers_token() {
    let bench = Bench::new();
    let [ada, max] = [bench.sign_in("ada").await, bench.sign_in("max").await];
    let token = Places::of(&bench, &ada).await.token;
    let path = format!("/account/tokens/{token}/delete");
    let answer = bench.send(post(&path).signed(&max).empty()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let answer = bench.send(post(&path).signed(&ada).empty()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_tells_the_browser_to_run_nothing_and_keep_nothing() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let places = Places::of(&bench, &ada).await;
    let paths = ROUTES.iter().filter(|route| route.method == "GET").map(|route| places.path(route));
    for path in paths.chain(["/nowhere".into(), "/api/nowhere".into()]) {
        let answer = bench.send(get(&path).signed(&ada).empty()).await;
        let header = |name: &str| answer.headers.get(name).map_or("", |value| value.to_str().unwrap());
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        let is_asset = ["/console.css", "/icon.svg"].contains(&&*path);
        assert_eq!(header("cache-control") == "no-store", !is_asset, "{path}");
        let lower = answer.text.to_lowercase();
        assert!(
            !lower.contains("<script") && !lower.contains("style=\"") && !lower.contains(" onclick"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_the_consoles_is_refused() {
    let bench = Bench::new();
    for path in ["/login", "/health", "/api/v1/openapi.json"] {
        let request = axum::http::Request::get(path).header("host", "evil.example:8080").body(Body::empty());
        assert_eq!(bench.send(request.unwrap()).await.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
}
