//! The words of `oxisim smsc` and of a phone that it serves.

#[allow(dead_code, reason = "other tests need the rest")]
mod oxisim;

use oxisim::Oxisim;

#[test]
fn a_centre_that_others_can_reach_wants_to_know_who_may_bind() {
    let oxisim = Oxisim::new();
    let said = oxisim.run(&["smsc", "--smpp", "0.0.0.0:0"]).code(2);
    said.stderr_eq("oxisim: --smpp: others than this machine can reach it; say with --esmes who may bind\n");
}

#[test]
fn a_route_leads_to_an_esme_that_may_bind() {
    let oxisim = Oxisim::new();
    let said = oxisim.run(&["smsc", "--route", "+4915500=nobody"]).code(2);
    said.stderr_eq("oxisim: --route: there is no ESME \"nobody\" that may bind\n");
    oxisim.run(&["smsc", "--route", "+4915500"]).code(2);
}

#[test]
fn a_centre_that_cannot_listen_says_where() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = Oxisim::new().run(&["smsc", "--phones", &address, "--smpp", "127.0.0.1:0"]).code(1);
    let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
    assert!(said.contains(&address), "{said}");
}

#[test]
fn a_phone_without_its_centre_has_no_service_and_has_not_sent() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let words = ["phone", "--smsc", &nobody, "--number", "+15550100001", "--for", "1s"];
    let said = Oxisim::new().run(&words).success();
    let said = String::from_utf8(said.get_output().stdout.clone()).unwrap();
    assert!(said.contains("has no service"), "{said}");
    let words = [&words[..], &["--send", "+15550100002=hello"]].concat();
    let said = Oxisim::new().run(&words).code(1);
    said.stderr_eq("oxisim: a message was not sent: no service\n");
}

#[test]
fn a_card_that_is_not_the_program_s_own_has_a_number_only_for_its_centre() {
    let oxisim = Oxisim::new();
    oxisim.run(&["card", "init", "--out", "CARD.toml"]).success();
    let said = oxisim.run(&["phone", "--image", "CARD.toml", "--number", "+15550100001"]).code(2);
    said.stderr_eq("oxisim: --number: such a card has its own, and only an SMS centre asks for it\n");
    let said = oxisim.run(&["phone", "--image", "CARD.toml", "--smsc", "127.0.0.1:1"]).code(2);
    said.stderr_eq("oxisim: --smsc: whose card is it? Give the number with --number\n");
    let said = oxisim.run(&["card", "--image", "CARD.toml", "--number", "+15550100001"]).code(2);
    said.stderr_eq("oxisim: --number: the card of a file has its own\n");
}
