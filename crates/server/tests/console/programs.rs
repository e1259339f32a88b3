//! What programs do with the interface.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::kit::{ALICE, Answer, BOB, Bench, Signed, ask, get, post};

async fn token(bench: &Bench, signed: &Signed) -> String {
    let page = bench.send(post("/account/tokens").signed(signed).form(&[("label", "test")])).await.text;
    let secret = page.split("<code class=\"secret\">").nth(1).unwrap().split('<').next().unwrap();
    format!("Bearer {secret}")
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_a_token_does_what_its_account_may() {
    let bench = Bench::new();
    let [ada, max] = [bench.sign_in("ada").await, bench.sign_in("max").await];
    let [ada, max] = [token(&bench, &ada).await, token(&bench, &max).await];
    let find = |token: &str| {
        post("/api/v1/subscribers/find").header("authorization", token).json(r#"{"number":"+491511234567"}"#)
    };
    assert_eq!(bench.send(find(&max)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(bench.send(find("Bearer 00")).await.status, StatusCode::UNAUTHORIZED);
    let id = body(&bench.send(find(&ada)).await)["id"].as_str().unwrap().to_owned();

    let of = |token: &str| get(&format!("/api/v1/subscribers/{id}")).header("authorization", token).empty();
    let seen = body(&bench.send(of(&ada)).await);
    assert_eq!(seen["number"], ALICE.0);
    assert_eq!(seen["backups"][0]["missing"], json!([[4, 4]]));
    assert_eq!(seen["books"][0]["latest"]["resume_at"], "2027-01-15T08:10:00+00:00");
    let masked = body(&bench.send(of(&max)).await);
    assert_eq!((&masked["number"], &masked["card"]["iccid"]), (&json!("+49•••67"), &Value::Null));

    let copy = get(&format!("/api/v1/subscribers/{id}/copies/card")).header("authorization", &ada).empty();
    assert_eq!(body(&bench.send(copy).await)["contacts"][0]["name"], ALICE.1);
    let forget = ask("DELETE", &format!("/api/v1/subscribers/{id}")).header("authorization", &ada).empty();
    assert_eq!(bench.send(forget).await.status, StatusCode::NO_CONTENT);
    let left = get("/api/v1/subscribers").header("authorization", &ada).empty();
    let left = body(&bench.send(left).await);
    assert_eq!(left["subscribers"].as_array().unwrap().len(), 1);
    assert_eq!(left["subscribers"][0]["number"], BOB.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_as_a_problem() {
    let bench = Bench::new();
    let ada = token(&bench, &bench.sign_in("ada").await).await;
    let ask =
        |method: &str, path: &str, body: &str| ask(method, path).header("authorization", &ada).json(body);
    for (request, status) in [
        (get("/api/v1/subscribers").empty(), 401),
        (ask("GET", "/api/v1/nowhere", ""), 404),
        (ask("GET", "/api/v1/subscribers/0", ""), 404),
        (ask("GET", "/api/v1/subscribers?state=odd", ""), 422),
        (ask("PATCH", "/api/v1/groups", ""), 405),
        (ask("PUT", "/api/v1/groups/de", "{"), 400),
        (ask("PUT", "/api/v1/groups/de", r#"{"prefixes":[],"policy":{"speed":1}}"#), 400),
        (ask("PUT", "/api/v1/groups/de", r#"{"prefixes":[],"policy":{"subset":0}}"#), 422),
        (
            ask(
                "POST",
                "/api/v1/accounts",
                r#"{"name":"ada","password":"long enough a word","role":"auditor"}"#,
            ),
            409,
        ),
        (ask("DELETE", "/api/v1/accounts/ada", ""), 409),
        (ask("POST", "/api/v1/accounts", &" ".repeat(70_000)), 413),
    ] {
        let line = format!("{} {}", request.method(), request.uri());
        let answer = bench.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{line}: {}", answer.text);
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{line}");
        let problem = body(&answer);
        assert_eq!(problem["status"], status, "{line}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_the_fields_that_the_description_names() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let id = bench.id(&ada, ALICE.0).await;
    let group = ask("PUT", "/api/v1/groups/de").signed(&ada).json(r#"{"prefixes":["49"]}"#);
    bench.send(group).await;
    bench.send(post(&format!("/subscribers/{id}/restore")).signed(&ada).empty()).await;
    let description = body(&bench.send(get("/api/v1/openapi.json").empty()).await);
    let mut checked = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        let schema = &operations["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let filled = path.replace("{id}", &id).replace("{book}", "card").replace("{group}", "de");
        if schema.is_object() {
            let answer = body(&bench.send(get(&filled).signed(&ada).empty()).await);
            fits(&answer, schema, &description, path);
            checked += 1;
        }
    }
    assert_eq!(checked, 11);
}

/// The value is as the schema says, and has no field that it does not name.
fn fits(value: &Value, schema: &Value, description: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return fits(value, &description["components"]["schemas"][name], description, place);
    }
    if let Some(either) = schema["anyOf"].as_array() {
        assert_eq!(either[1]["type"], "null");
        if !value.is_null() {
            fits(value, &either[0], description, place);
        }
        return;
    }
    match schema["type"].as_str().unwrap() {
        "array" => {
            let values = value.as_array().unwrap_or_else(|| panic!("{place}: {value} is no list"));
            for value in values {
                fits(value, &schema["items"], description, place);
            }
        }
        "object" => {
            let properties = schema["properties"].as_object().unwrap();
            let fields = value.as_object().unwrap_or_else(|| panic!("{place}: {value} is no object"));
            if properties.is_empty() {
                return;
            }
            assert_eq!(fields.keys().collect::<Vec<_>>(), properties.keys().collect::<Vec<_>>(), "{place}");
            for (name, value) in fields {
                fits(value, &properties[name], description, &format!("{place} {name}"));
            }
        }
        "string" => assert!(value.is_string(), "{place}: {value}"),
        "integer" => assert!(value.is_u64(), "{place}: {value}"),
        "boolean" => assert!(value.is_boolean(), "{place}: {value}"),
        other => panic!("{place}: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_this_machine_and_for_accounts() {
    let bench = Bench::new();
    let ada = token(&bench, &bench.sign_in("max").await).await;
    assert_eq!(bench.send(get("/metrics").empty()).await.status, StatusCode::UNAUTHORIZED);
    for request in [
        get("/metrics").header("authorization", &ada).empty(),
        get("/metrics").from("127.0.0.1:9").empty(),
        get("/metrics").from("[::ffff:127.0.0.1]:9").empty(),
    ] {
        let answer = bench.send(request).await;
        assert!(answer.text.ends_with("oxisim_messages_total 3\n"), "{}", answer.text);
        assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_work_is_healthy_but_not_ready() {
    let bench = Bench::new();
    assert_eq!(bench.send(get("/ready").empty()).await.status, StatusCode::OK);
    bench.ready.store(false, Ordering::Relaxed);
    let answer = bench.send(get("/ready").empty()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body(&answer)["detail"], "No bind stands.");
    assert_eq!(bench.send(get("/health").empty()).await.status, StatusCode::OK);
}
