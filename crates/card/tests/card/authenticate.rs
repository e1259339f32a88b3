//! AUTHENTICATE (TS 31.102 §7.1): published challenges and answers, conditions, and power loss.

use std::num::NonZeroU8;

use oxisim_card::{
    Card, Image, KeyReference, Profile,
    authentication::{
        Algorithm, Comp128, Functions, GsmXor, KeyLength, MacLength, Milenage, ResLength, SequenceNumbers,
        SequencePolicy, Sqn, Tuak, TuakLengths, Version, Xor, autn,
    },
    image::AuthenticationKey,
    path,
};
use oxisim_wire::Instant;
use proptest::prelude::*;
use serde_json::Value;

use crate::terminal::Terminal;

/// The key of the default card, as a network has it.
fn network() -> Milenage {
    let Algorithm::Milenage(milenage) = AuthenticationKey::of_tests(&[]).algorithm else { unreachable!() };
    milenage
}

const ADF: [u16; 2] = [0x3F00, 0x7FFF];
const SELECT_ADF: &str = "00A4040C07A0000000871002";
const SELECT_GSM: &str = "00A4000C027F20";
const RAND: [u8; 16] = *b"a random number.";

/// Takes every number that has not been accepted: none is too far ahead.
fn any_number() -> SequencePolicy {
    SequencePolicy::default().index_bits(0).delta(u64::MAX)
}

fn key(algorithm: Algorithm, numbers: SequenceNumbers) -> AuthenticationKey {
    AuthenticationKey { directory: ADF.into(), algorithm, numbers }
}

fn new_key(algorithm: Algorithm) -> AuthenticationKey {
    key(algorithm, SequenceNumbers::new(any_number()))
}

/// A default card with another key, and services of `EF_UST`; the ADF is selected.
fn usim(key: AuthenticationKey, services: &[u8]) -> Terminal {
    let image = Image { authentication: vec![key], ..Profile::default().image() };
    let mut card = Card::from_image(&image).unwrap();
    let ust = card.files().find(path::EF_UST).unwrap();
    let mut table = vec![0; card.files().size(ust).unwrap()];
    for n in services {
        table[usize::from(n - 1) / 8] |= 1 << ((n - 1) % 8);
    }
    card.files().update_binary(ust, 0, &table).unwrap();
    let mut terminal = Terminal::with(card);
    terminal.ok(SELECT_ADF);
    terminal
}

const ALL: &[u8] = &[27, 38];

fn default_usim() -> Terminal {
    usim(AuthenticationKey::of_tests(&ADF), ALL)
}

/// AUTHENTICATE in the UMTS context.
fn umts(rand: &[u8], autn: &[u8]) -> String {
    let data = [&[rand.len() as u8], rand, &[autn.len() as u8], autn].concat();
    format!("00880081{:02X}{}00", data.len(), hex::encode(data))
}

/// AUTHENTICATE in the GSM context.
fn gsm(rand: &[u8]) -> String {
    format!("00880080{:02X}{:02X}{}00", rand.len() + 1, rand.len(), hex::encode(rand))
}

/// The token of the default card's network.
fn token(sqn: u64) -> Vec<u8> {
    autn(&network(), &RAND, Sqn::new(sqn), [0x80, 0x00])
}

/// What the default card answers to [`RAND`].
fn answer() -> String {
    let keys = network().f2345(&RAND);
    let parts = [&[0xDB, 8], &keys.res[..], &[16], &keys.ck, &[16], &keys.ik, &[8], &keys.kc()].concat();
    format!("{} 9000", hex::encode_upper(parts))
}

fn vectors(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../vectors/authentication.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn octets(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    octets(value).try_into().unwrap()
}

fn milenage(row: &Value) -> Algorithm {
    Algorithm::Milenage(Milenage::new(fixed(&row["k"]), fixed(&row["opc"])))
}

fn tuak(row: &Value) -> Algorithm {
    let bits = |name: &str| octets(&row[name]).len() * 8;
    let key_length = |name| if bits(name) == 128 { KeyLength::Bits128 } else { KeyLength::Bits256 };
    let lengths = TuakLengths {
        mac: match bits("f1") {
            64 => MacLength::Bits64,
            128 => MacLength::Bits128,
            _ => MacLength::Bits256,
        },
        res: match bits("f2_res") {
            32 => ResLength::Bits32,
            64 => ResLength::Bits64,
            128 => ResLength::Bits128,
            _ => ResLength::Bits256,
        },
        ck: key_length("f3_ck"),
        ik: key_length("f4_ik"),
    };
    let iterations = NonZeroU8::new(row["iterations"].as_u64().unwrap().try_into().unwrap()).unwrap();
    let top = fixed(&row["top"]);
    let tuak = match bits("k") {
        128 => Tuak::from_top(fixed::<16>(&row["k"]), top, iterations),
        _ => Tuak::from_top(fixed::<32>(&row["k"]), top, iterations),
    };
    Algorithm::Tuak(tuak.with_lengths(lengths))
}

/// The token of a row: as published, or put together from what is.
fn published_token(row: &Value) -> Vec<u8> {
    if let Some(token) = row.get("autn") {
        return octets(token);
    }
    let (sqn, ak) = (octets(&row["sqn"]), octets(&row["f5_ak"]));
    let concealed: Vec<u8> = sqn.iter().zip(ak).map(|(sqn, ak)| sqn ^ ak).collect();
    [concealed, octets(&row["amf"]), octets(&row["f1"])].concat()
}

#[test]
fn every_published_challenge_is_answered() {
    let rows = [
        ("milenage", milenage as fn(&Value) -> _),
        ("tuak", tuak),
        ("xor", |row: &Value| Algorithm::Xor(Xor::new(fixed(&row["k"])))),
    ];
    let mut answered = 0;
    for (name, algorithm) in rows {
        for row in vectors(name) {
            let mut terminal = usim(new_key(algorithm(&row)), ALL);
            let challenge = umts(&octets(&row["rand"]), &published_token(&row));
            let answer = terminal.send(&challenge);
            if octets(&row["sqn"]) == [0; 6] {
                assert!(answer.starts_with("DC0E") && answer.ends_with(" 9000"), "{}: {answer}", row["id"]);
                continue;
            }
            let kc = row.get("gsm_kc").map(octets).unwrap_or_default();
            let values = ["f2_res", "f3_ck", "f4_ik"].map(|name| octets(&row[name]));
            let values = values.map(|value| [&[value.len() as u8], &*value].concat()).concat();
            let expected = hex::encode_upper([&[0xDB], &*values, &[8], &kc].concat());
            assert!(answer.starts_with(&expected) && answer.ends_with(" 9000"), "{}: {answer}", row["id"]);
            assert!(terminal.send(&challenge).starts_with("DC"), "{}: accepted twice", row["id"]);
            answered += 1;
        }
    }
    assert_eq!(answered, 13 + 6 + 1);
}

#[test]
fn every_published_challenge_of_the_gsm_context_is_answered() {
    let two_g = |row: &Value, first: usize, algorithm: Algorithm| {
        (algorithm, octets(&row[first]), octets(&row[first + 1]), octets(&row[first + 2]))
    };
    let umts = vectors("milenage")
        .into_iter()
        .filter(|row| row.get("gsm_kc").is_some())
        .map(|row| (milenage(&row), octets(&row["rand"]), octets(&row["gsm_sres"]), octets(&row["gsm_kc"])));
    let xor = vectors("xor_2g").into_iter();
    let xor = xor.map(|row| two_g(&row, 1, Algorithm::GsmXor(GsmXor::new(fixed(&row[0])))));
    let comp128 = vectors("comp128").into_iter().map(|row| {
        let version = [Version::V1, Version::V2, Version::V3][row[0].as_u64().unwrap() as usize - 1];
        two_g(&row, 2, Algorithm::Comp128(Comp128::new(version, fixed(&row[1]))))
    });
    let mut answered = 0;
    for (algorithm, rand, sres, kc) in umts.chain(xor).chain(comp128) {
        let mut terminal = usim(new_key(algorithm), ALL);
        let expected = format!("04{}08{} 9000", hex::encode_upper(sres), hex::encode_upper(kc));
        assert_eq!(terminal.send(&gsm(&rand)), expected);
        terminal.ok(SELECT_GSM);
        assert_eq!(terminal.send(&gsm(&rand)), expected, "DF_GSM has the application's key");
        answered += 1;
    }
    assert_eq!(answered, 12 + 2 + 137);
}

#[test]
fn the_published_tokens_of_resynchronisation_are_sent() {
    // Computed from the test sets of TS 35.207: the number of the row is the highest that was accepted.
    for row in vectors("milenage").iter().filter(|row| row.get("auts").is_some()) {
        let numbers = SequenceNumbers::having(any_number(), [Sqn::from_bytes(fixed(&row["sqn"]))]);
        let mut terminal = usim(key(milenage(row), numbers), ALL);
        let answer = terminal.send(&umts(&octets(&row["rand"]), &published_token(row)));
        assert_eq!(answer, format!("DC0E{} 9000", hex::encode_upper(octets(&row["auts"]))), "{}", row["id"]);
    }
    // A token of 34 is too far ahead of 31 for a card that lets numbers jump by two.
    let row = &vectors("resynchronisation")[0];
    let challenge = vectors("milenage").into_iter().find(|other| other["id"] == row["id"]).unwrap();
    let policy = SequencePolicy::default().index_bits(0).delta(2);
    let numbers = SequenceNumbers::having(policy, [Sqn::from_bytes(fixed(&row["sqn_ms"]))]);
    let mut terminal = usim(key(milenage(&challenge), numbers), ALL);
    let answer = terminal.send(&umts(&octets(&challenge["rand"]), &published_token(&challenge)));
    assert_eq!(answer, format!("DC0E{} 9000", hex::encode_upper(octets(&row["auts"]))));
}

#[test]
fn the_network_finds_its_number_again_from_what_the_card_sends() {
    let mut terminal = default_usim();
    assert_eq!(terminal.send(&umts(&RAND, &token(0x1203))), answer());
    let resynchronisation = terminal.send(&umts(&RAND, &token(0x1203)));
    let auts =
        hex::decode(resynchronisation.strip_prefix("DC0E").unwrap().strip_suffix(" 9000").unwrap()).unwrap();
    let network = network();
    let highest = Sqn::from_bytes(auts[..6].try_into().unwrap()).conceal(network.f5_star(&RAND));
    assert_eq!(highest, Sqn::new(0x1203));
    assert_eq!(network.f1_star(&RAND, highest, [0, 0]), auts[6..]);
    assert_eq!(terminal.send(&umts(&RAND, &token(highest.number() + 0x20))), answer());
}

#[test]
fn the_keys_of_gsm_follow_if_gsm_access_is_a_service() {
    let challenge = umts(&RAND, &token(0x20));
    let (with, without) = (answer(), answer()[..2 + 18 + 34 + 34].to_owned() + " 9000");
    for (services, expected) in [(ALL, &with), (&[27], &with), (&[38], &without), (&[], &without)] {
        assert_eq!(&usim(AuthenticationKey::of_tests(&ADF), services).send(&challenge), expected);
    }
}

#[test]
fn a_context_that_the_card_does_not_have_is_said() {
    let comp128 = || new_key(Algorithm::Comp128(Comp128::new(Version::V1, [0; 16])));
    let no_service = || usim(AuthenticationKey::of_tests(&ADF), &[27]);
    for (mut terminal, apdu) in [
        (no_service(), gsm(&RAND)),
        (usim(comp128(), ALL), umts(&RAND, &token(0x20))),
        (default_usim(), "00880082100400010203011008202122232425262700".into()),
        (default_usim(), format!("0088008423DD10{}10{}00", hex::encode(RAND), hex::encode(token(0x20)))),
    ] {
        assert_eq!(terminal.send(&apdu), "9864", "{apdu}");
    }
    let mut terminal = default_usim();
    terminal.ok(SELECT_GSM);
    assert_eq!(terminal.send(&umts(&RAND, &token(0x20))), "9864");
}

#[test]
fn parameters_and_lengths_must_be_right() {
    let mut terminal = default_usim();
    let good = umts(&RAND, &token(0x20));
    for (apdu, status) in [
        (good.replacen("00880081", "00880181", 1), "6A86"),
        (good.replacen("00880081", "00880083", 1), "6A86"),
        (good.replacen("00880081", "00880085", 1), "6A86"),
        (good.replacen("00880081", "00880089", 1), "6A86"),
        (good.replacen("00880081", "008800C1", 1), "6A86"),
        (good.replacen("00880081", "00880001", 1), "6A88"),
        (good.replacen("00880081", "80880081", 1), "6E00"),
        (good.replacen("00880081", "00890081", 1), "6D00"),
        ("0088008100".into(), "6700"),
        ("0088008000".into(), "6700"),
        ("008800811110".to_owned() + &"00".repeat(16), "6700"),
        ("00880081120800010203040506070810111213141516".to_owned() + "1700", "6700"),
        ("008800800908000102030405060700".into(), "6700"),
        (umts(&RAND, &token(0x20)[..15]), "6700"),
        (umts(&RAND[..15], &token(0x20)), "6700"),
        (umts(&[0; 17], &token(0x20)), "6700"),
        (gsm(&RAND[..15]), "6700"),
        (gsm(&[0; 17]), "6700"),
        (format!("008800802210{0}10{0}00", hex::encode(RAND)), "6700"),
    ] {
        assert_eq!(terminal.send(&apdu), status, "{apdu}");
    }
    assert_eq!(terminal.send(&good), answer(), "none of them has used the number up");
}

#[test]
fn a_wrong_code_is_refused_and_uses_no_number_up() {
    let mut terminal = default_usim();
    let mut wrong = token(0x40);
    for i in 0..16 {
        wrong[i] ^= 0x10;
        assert_eq!(terminal.send(&umts(&RAND, &wrong)), "9862");
        wrong[i] ^= 0x10;
    }
    assert_eq!(terminal.send(&umts(&RAND, &token(0x40))), answer());
}

#[test]
fn an_answer_without_room_uses_no_number_up() {
    let mut terminal = default_usim();
    let challenge = umts(&RAND, &token(0x20));
    let short = challenge[..challenge.len() - 2].to_owned() + "10";
    assert_eq!(terminal.send(&short), "6C35");
    let exact = challenge[..challenge.len() - 2].to_owned() + "35";
    assert_eq!(terminal.send(&exact), answer());
}

#[test]
fn the_application_must_be_selected() {
    let challenge = umts(&RAND, &token(0x20));
    let mut terminal = default_usim();
    terminal.ok("00A4000C023F00");
    assert_eq!(terminal.send(&challenge), "6985", "the MF is the current directory");
    terminal.ok("00A4000C027F10");
    assert_eq!(terminal.send(&challenge), "6985");
    terminal.ok("00A4080C047FFF5F3B");
    assert_eq!(terminal.send(&challenge), answer(), "a directory of the application will do");
    let image = Image { authentication: Vec::new(), ..Profile::default().image() };
    let mut keyless = Terminal::with(Card::from_image(&image).unwrap());
    keyless.ok(SELECT_ADF);
    assert_eq!(keyless.send(&challenge), "6A88");
    keyless.ok(SELECT_GSM);
    assert_eq!(keyless.send(&gsm(&RAND)), "6A88");
}

#[test]
fn df_gsm_can_have_a_key_of_its_own() {
    let own = Algorithm::GsmXor(GsmXor::new([0; 16]));
    let gsm_key = AuthenticationKey { directory: vec![0x3F00, 0x7F20], ..new_key(own) };
    let image = Image {
        authentication: vec![AuthenticationKey::of_tests(&ADF), gsm_key],
        ..Profile::default().image()
    };
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    terminal.ok(SELECT_GSM);
    let expected = format!("04{}08{} 9000", hex::encode_upper(&RAND[..4]), hex::encode_upper(&RAND[4..12]));
    assert_eq!(terminal.send(&gsm(&RAND)), expected);
}

#[test]
fn the_pin_must_be_verified_or_disabled() {
    let mut image = Profile::default().image();
    let pin = image.pins.iter_mut().find(|pin| pin.reference == KeyReference::PIN_1).unwrap();
    pin.enabled = true;
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    terminal.ok(SELECT_GSM);
    assert_eq!(terminal.send(&gsm(&RAND)), "6982");
    terminal.ok(SELECT_ADF);
    let challenge = umts(&RAND, &token(0x20));
    assert_eq!(terminal.send(&challenge), "6982");
    assert_eq!(terminal.send(&challenge.replacen("00880081", "00880084", 1)), "6982");
    terminal.ok("002000010830303030FFFFFFFF");
    assert_eq!(terminal.send(&challenge)[..2], answer()[..2]);
    terminal.ok(SELECT_GSM);
    assert!(terminal.send(&gsm(&RAND)).ends_with("9000"));
}

#[test]
fn another_channel_authenticates_with_the_same_numbers() {
    let mut terminal = default_usim();
    assert_eq!(terminal.ok("0070000001"), "01");
    let challenge = umts(&RAND, &token(0x20));
    let there = challenge.replacen("0088", "0188", 1);
    assert_eq!(terminal.send(&there), "6985");
    terminal.ok(&SELECT_ADF.replacen("00A4", "01A4", 1));
    assert_eq!(terminal.send(&there), answer());
    assert!(terminal.send(&challenge).starts_with("DC"));
}

#[test]
fn a_terminated_application_does_not_authenticate() {
    let mut image = Profile::default().image();
    let adf = image.files.iter_mut().find(|file| file.path == ADF).unwrap();
    adf.life_cycle = oxisim_card::file::LifeCycle::Terminated;
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    assert_eq!(terminal.send(SELECT_ADF), "6285");
    assert_eq!(terminal.send(&umts(&RAND, &token(0x20))), "6985");
}

#[test]
fn keys_of_an_image_are_not_printed() {
    let image = Profile::default().image();
    let printed = format!("{:?} {:?}", image.authentication, Card::from_image(&image).unwrap());
    assert!(printed.contains("Milenage { .. }"), "{printed}");
    assert!(!printed.to_uppercase().contains("465B"), "{printed}");
}

/// Power on, and the ADF selected.
fn restart(terminal: &mut Terminal) {
    terminal.card.power_on(Instant::EPOCH);
    terminal.ok(SELECT_ADF);
}

#[test]
fn a_torn_challenge_was_accepted_or_was_not() {
    // Every octet of the number changes.
    let (before, after) = (Sqn::new(0x00FF_FF00), Sqn::new(0xFFFF_FF00_00FF));
    let numbers = SequenceNumbers::having(any_number(), [before]);
    let key = AuthenticationKey { numbers, ..AuthenticationKey::of_tests(&ADF) };
    let challenge = umts(&RAND, &token(after.number()));
    for tear in 0.. {
        let mut terminal = usim(key.clone(), ALL);
        terminal.card.memory_mut().tear_after(Some(tear));
        let first = terminal.send(&challenge);
        let torn = terminal.card.memory().is_torn();
        assert_eq!(first, if torn { "6F00".into() } else { answer() });
        restart(&mut terminal);
        let stored = terminal.card.memory().find("3F00/7FFF/sqn").unwrap();
        let stored = Sqn::from_bytes(terminal.card.memory().read(stored).try_into().unwrap());
        assert!(stored == before || stored == after, "torn after {tear} writes: {stored:?}");
        assert!(torn || stored == after, "what was answered was kept");
        let again = terminal.send(&challenge);
        if stored == before {
            assert_eq!(again, answer(), "torn after {tear} writes");
        } else {
            assert!(again.starts_with("DC0E"), "torn after {tear} writes: {again}");
        }
        assert!(terminal.send(&challenge).starts_with("DC0E"), "never twice");
        if !torn {
            assert!(tear >= 1, "the number is written before the answer");
            break;
        }
    }
}

/// What happens to a card.
#[derive(Clone, Debug)]
enum Step {
    Challenge(u64),
    /// The same, and power is lost after so many writes.
    Torn(u64, u64),
    PowerOff,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u64..200).prop_map(Step::Challenge),
        2 => (0u64..200, 0u64..5).prop_map(|(sqn, writes)| Step::Torn(sqn, writes)),
        1 => Just(Step::PowerOff),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_number_is_answered_twice_whenever_power_is_lost(
        bits in 0u8..6,
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let policy = SequencePolicy::default().index_bits(bits).delta(90).age_limit(60);
        let numbers = SequenceNumbers::new(policy);
        let mut terminal = usim(AuthenticationKey { numbers: numbers.clone(), ..AuthenticationKey::of_tests(&ADF) }, ALL);
        // What a card would hold that was never torn.
        let mut model = numbers;
        let mut answered = Vec::new();
        for step in steps {
            let (sqn, writes) = match step {
                Step::Challenge(sqn) => (sqn, None),
                Step::Torn(sqn, writes) => (sqn, Some(writes)),
                Step::PowerOff => {
                    restart(&mut terminal);
                    continue;
                }
            };
            terminal.card.memory_mut().tear_after(writes);
            let next = model.accept(Sqn::new(sqn));
            let got = terminal.send(&umts(&RAND, &token(sqn)));
            terminal.card.memory_mut().tear_after(None);
            if got == "6F00" {
                restart(&mut terminal);
                let stored = terminal.card.memory().find("3F00/7FFF/sqn").unwrap();
                let now = SequenceNumbers::from_bytes(policy, terminal.card.memory().read(stored)).unwrap();
                prop_assert!(now == model || Some(&now) == next.as_ref(), "all or nothing");
                model = now;
                continue;
            }
            match next {
                Some(next) => {
                    prop_assert_eq!(got, answer());
                    prop_assert!(!answered.contains(&sqn));
                    answered.push(sqn);
                    model = next;
                }
                None => prop_assert!(got.starts_with("DC0E"), "{}", got),
            }
        }
    }

    #[test]
    fn no_octets_make_authenticate_panic(p2: u8, data in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut terminal = default_usim();
        terminal.send(&format!("008800{p2:02X}{:02X}{}00", data.len(), hex::encode(&data)));
    }
}
