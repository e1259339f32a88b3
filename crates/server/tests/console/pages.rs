//! What an operator does on the pages.

use axum::http::StatusCode;
use oxisim_backup::message::{MessageType, Source};
use oxisim_server::console::Policy;

use crate::kit::{ALICE, BOB, Bench, get, post};

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_is_found_by_a_number_as_people_write_it() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let id = bench.id(&ada, ALICE.0).await;
    for number in ["491511234567", "+49 151 / 123-4567", "0049 (151) 1234567"] {
        assert_eq!(bench.id(&ada, number).await, id);
    }
    for (number, words) in
        [("+33123456789", "Nothing is kept"), ("Zoe", "no decimal digit"), ("", "0 digits")]
    {
        let answer = bench.send(post("/subscribers/find").signed(&ada).form(&[("number", number)])).await;
        assert!(answer.status.is_client_error() && answer.text.contains(words), "{number}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_shows_what_has_come_what_is_missing_and_when_it_goes_on() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let id = bench.id(&ada, ALICE.0).await;
    let page = bench.send(get(&format!("/subscribers/{id}")).signed(&ada).empty()).await.text;
    for piece in [
        "8 of 9 blocks received",
        "<dt>Missing</dt><dd class=\"figures\">4</dd>",
        "2027-01-15 08:10",
        ALICE.0,
    ] {
        assert!(page.contains(piece), "{piece}: {page}");
    }
    let list = bench.send(get("/subscribers?state=open").signed(&ada).empty()).await.text;
    assert!(list.contains(ALICE.0) && list.contains(BOB.0) && list.contains("8 of 9"), "{list}");
    let list = bench.send(get("/subscribers?state=complete").signed(&ada).empty()).await.text;
    assert!(list.contains("No subscriber") && !list.contains(ALICE.0), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_the_subscribers_contacts_as_vcard() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let id = bench.id(&ada, ALICE.0).await;
    let path = format!("/subscribers/{id}/copies/card/contacts.vcf");
    let answer = bench.send(get(&path).signed(&ada).empty()).await;
    assert_eq!(answer.headers["content-type"], "text/vcard; charset=utf-8");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"contacts.vcf\"");
    let contacts = oxisim_phonebook::vcard::read(answer.text.as_bytes()).unwrap();
    assert_eq!(contacts.iter().map(|contact| &*contact.name).collect::<Vec<_>>(), [ALICE.1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_begins_and_shows() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let id = bench.id(&ada, ALICE.0).await;
    let answer = bench.send(post(&format!("/subscribers/{id}/restore")).signed(&ada).empty()).await;
    let page = bench.send(get(answer.location()).signed(&ada).empty()).await.text;
    assert!(page.contains("is being written") && page.contains("Latest restore"), "{page}");
    let mut server = bench.server.lock().unwrap();
    assert!(server.restore_status(&ALICE.0.parse().unwrap()).unwrap().is_some());
    assert!(server.restore_status(&BOB.0.parse().unwrap()).unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_forgotten_is_gone_and_the_others_stay() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let id = bench.id(&ada, ALICE.0).await;
    let path = format!("/subscribers/{id}/forget");
    let asked = bench.send(get(&path).signed(&ada).empty()).await.text;
    assert!(asked.contains("for good") && asked.contains(ALICE.0));
    assert_eq!(bench.id(&ada, ALICE.0).await, id, "asking forgets nobody");
    let answer = bench.send(post(&path).signed(&ada).empty()).await;
    let page = bench.send(get(answer.location()).signed(&ada).empty()).await.text;
    assert!(page.contains("is forgotten") && !page.contains(ALICE.0) && page.contains(BOB.0));
    assert_eq!(
        bench.send(get(&format!("/subscribers/{id}")).signed(&ada).empty()).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_reaches_the_subscribers_of_its_group_alone() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let send =
        async |path: &str, fields: &[(&str, &str)]| bench.send(post(path).signed(&ada).form(fields)).await;
    assert_eq!(send("/policy", &[("name", "de"), ("prefixes", "+49, +43")]).await.location(), "/policy/de");
    let fields = [
        ("prefixes", "+49"),
        ("mode", "server"),
        ("subset", "3"),
        ("pause", "120"),
        ("threshold", ""),
        ("timetable", "22:00-06:00"),
    ];
    assert_eq!(send("/policy/de", &fields).await.location(), "/policy/de?done=save");
    let page = async || bench.send(get("/policy/de").signed(&ada).empty()).await.text;
    assert!(page().await.contains("It was never sent."));
    assert_eq!(send("/policy/de/apply", &[]).await.location(), "/policy/de?count=1");
    assert!(!page().await.contains("differs"));
    send("/policy/de", &[("prefixes", "+49"), ("subset", "4")]).await;
    assert!(page().await.contains("What is in force differs from what is kept"));

    let mut server = bench.server.lock().unwrap();
    let mut order = |number: &str| {
        server.order_status(&number.parse().unwrap(), Source::CARD, MessageType::CONFIGURE).unwrap()
    };
    assert!(order(ALICE.0).is_some() && order(BOB.0).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_policy_is_said_and_nothing_of_it_lost() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    bench.send(post("/policy").signed(&ada).form(&[("name", "de"), ("prefixes", "49")])).await;
    for (field, value, words) in [
        ("subset", "0", "A subset is 1 to 65535."),
        ("pause", "soon", "A pause: &quot;soon&quot; is no whole number."),
        ("timetable", "at night", "are no hours"),
        ("prefixes", "49x", "is no beginning of a number"),
        ("mode", "fast", "is no mode"),
    ] {
        let answer =
            bench.send(post("/policy/de").signed(&ada).form(&[("threshold", "77"), (field, value)])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text.contains(words), "{field}: {}", answer.text);
        assert!(answer.text.contains("value=\"77\""), "{field}: what was typed is lost");
    }
    let group = bench.send(get("/api/v1/groups/de").signed(&ada).empty()).await.text;
    let group: serde_json::Value = serde_json::from_str(&group).unwrap();
    assert_eq!(group["policy"], serde_json::to_value(Policy::default()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_visitors_type_is_text_and_no_markup() {
    let bench = Bench::new();
    let ada = bench.sign_in("ada").await;
    let label = "<script>alert(1)</script>";
    let page = bench.send(post("/account/tokens").signed(&ada).form(&[("label", label)])).await.text;
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
}
