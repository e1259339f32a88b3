//! What fuzzing has collected (`fuzz/corpus`), on every run.

use std::{fs, path::Path};

use oxisim_backup::{
    Block, Coding, Entry, Unpacker,
    block::Packer,
    compact::{Filler, GENERAL, Tables},
};
use oxisim_phonebook::{Record, record::AdnRecord};
use oxisim_script::{Answer, Output, Program, Request, Runner, Source, Sources};
use oxisim_smpp::{Bind, Body, CommandStatus, Header, Role, Session, Settings, Version};
use oxisim_trace::{Placed, Record as Passed, json, pcapng};
use oxisim_wire::{Instant, Reader, Wire};

/// The files of a target's corpus.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn blocks_that_fuzzing_has_found_come_back() {
    let mut read = 0;
    for octets in corpus("coding") {
        let Ok(block) = Block::decode(&octets, "block") else { continue };
        let mut filler = Filler::new(GENERAL.clone(), usize::MAX, block.alpha);
        let taken: Vec<_> = block.entries.into_iter().take_while(|entry| filler.push(entry)).collect();
        if !taken.is_empty() {
            assert_eq!(Block::decode(&filler.finish(), "block").unwrap().entries, taken);
            read += 1;
        }
    }
    assert!(read >= 10, "{read} files of the corpus can be read");
}

#[test]
fn records_that_fuzzing_has_found_come_back() {
    let tables = Tables::default();
    let mut in_pieces = 0;
    for octets in corpus("records") {
        let [length @ 14..=255, records @ ..] = &octets[..] else { continue };
        let records = records.chunks((*length).into()).filter_map(|record| AdnRecord::decode(record).ok()?);
        let entries: Vec<_> = (1..)
            .zip(records.map(|adn| Record { alpha: adn.alpha, number: adn.number, additional: Vec::new() }))
            .map(|(slot, record)| Entry { slot, record: Some(record) })
            .collect();
        for coding in [Coding::Plain, Coding::general()] {
            let mut packer = Packer::new(91, usize::MAX, length - 14, &coding);
            let mut blocks: Vec<_> =
                entries.iter().flat_map(|entry| packer.push(entry.clone()).unwrap()).collect();
            blocks.extend(packer.finish());
            let mut unpacker = Unpacker::new(&tables);
            let back: Vec<_> = blocks.iter().flat_map(|block| unpacker.push(block).unwrap()).collect();
            assert_eq!(back, entries);
            in_pieces += usize::from(blocks.len() > entries.len());
        }
    }
    assert!(in_pieces > 0, "no record of the corpus takes more than a block");
}

/// A bound session, of an ESME or of an SMS centre.
fn session(esme: bool) -> Session {
    let bind = Bind {
        role: Role::Transceiver,
        system_id: "esme".into(),
        password: String::new(),
        system_type: String::new(),
        version: Version::V5_0,
        address_range: String::new(),
    };
    let now = Instant::EPOCH;
    let mut esme_side = Session::esme(Settings::default(), bind, now).unwrap();
    let mut centre = Session::centre(Settings::default(), now);
    centre.handle_octets(&esme_side.poll_output().unwrap(), now);
    while centre.poll_event().is_some() {}
    centre.accept_bind("centre");
    esme_side.handle_octets(&centre.poll_output().unwrap(), now);
    while esme_side.poll_event().is_some() {}
    if esme { esme_side } else { centre }
}

#[test]
fn what_peers_of_smpp_have_sent_is_answered_alike_in_pieces_and_comes_back() {
    let now = Instant::EPOCH;
    let (mut answered, mut written_again) = (0, 0);
    for octets in corpus("smpp") {
        let [how, octets @ ..] = &octets[..] else { continue };
        let (mut whole, mut halves) = (session(how & 1 == 0), session(how & 1 == 0));
        whole.handle_octets(octets, now);
        let (first, second) = octets.split_at(usize::from(how >> 1).min(octets.len()));
        halves.handle_octets(first, now);
        halves.handle_octets(second, now);
        let said = whole.poll_output();
        answered += usize::from(said.is_some());
        assert_eq!(said, halves.poll_output());
        while let Some(event) = whole.poll_event() {
            assert_eq!(halves.poll_event(), Some(event));
        }
        assert_eq!(whole.ended(), halves.ended());

        let mut rest = octets;
        while let Ok(header) = Header::read(&mut Reader::new(rest)) {
            let Some(body) = rest.get(Header::LENGTH..header.length as usize) else { break };
            rest = &rest[header.length as usize..];
            let read = Body::read(header, body);
            let Some(written) = read.ok().and_then(|body| body.encode(CommandStatus::OK, 1).ok()) else {
                continue;
            };
            let again = Body::read(header, &written[Header::LENGTH..]).unwrap();
            assert_eq!(again.encode(CommandStatus::OK, 1), Ok(written));
            written_again += 1;
        }
    }
    assert!(answered >= 5, "{answered} files of the corpus are answered");
    assert!(written_again >= 10, "{written_again} PDUs of the corpus can be read");
}

#[test]
fn scripts_that_fuzzing_has_found_are_read_or_refused_and_come_to_their_end() {
    let (mut refused, mut run) = (0, 0);
    for octets in corpus("script") {
        let [how, octets @ ..] = &octets[..] else { continue };
        let (text, answers) =
            octets.split_at(octets.iter().position(|&octet| octet == 0).unwrap_or(octets.len()));
        let name = if how & 1 == 0 { "any.apdu" } else { "any.scr" };
        let mut sources = Sources::default();
        let script = Source { name: name.into(), text: String::from_utf8_lossy(text).into_owned() };
        let mut included =
            |_: &str, path: &str| Ok(Source { name: path.into(), text: "00 A4 00 0C\n".into() });
        let program = match Program::read(&mut sources, script, &mut included) {
            Ok(program) => program,
            Err(mistakes) => {
                for mistake in mistakes {
                    let source = sources.get(mistake.span.source).unwrap();
                    assert!(source.text.get(mistake.span.range()).is_some(), "{mistake:?}");
                }
                refused += 1;
                continue;
            }
        };
        let settings =
            oxisim_script::Settings { guarded: how & 2 != 0, stops: how & 4 != 0, phone: how & 8 != 0 };
        let mut runner = Runner::new(&program, settings);
        let mut answers = answers.chunks(1 + usize::from(how >> 4)).cycle();
        let mut next = || answers.next().unwrap_or_default().to_vec();
        let mut asked = 0;
        while let Some(output) = runner.poll_output() {
            let Output::Ask(request) = output else { continue };
            asked += 1;
            assert!(asked < 5_000, "a script of the corpus does not end");
            runner.handle_answer(match request {
                Request::Exchange(_) => Answer::Response(next()),
                Request::Reset => Answer::AnswerToReset(next()),
                Request::Phone(_) => Answer::Asked(vec![(next(), next())]),
                _ => Answer::Done,
            });
        }
        assert!(runner.is_done());
        run += usize::from(asked > 0);
    }
    assert!(refused >= 1, "{refused} scripts of the corpus are refused");
    assert!(run >= 8, "{run} scripts of the corpus are run");
}

/// What stands in a trace, without its places.
fn passed(placed: Vec<Placed>) -> Vec<Passed> {
    placed.into_iter().map(|placed| placed.record).collect()
}

fn as_lines(records: &[Passed]) -> String {
    records.iter().map(json::line).collect::<Vec<_>>().join("\n")
}

fn as_capture(records: &[Passed]) -> Vec<u8> {
    let mut capture = Vec::new();
    let mut writer = pcapng::Writer::new(&mut capture).unwrap();
    for record in records {
        writer.write(record).unwrap();
    }
    capture
}

#[test]
fn traces_that_fuzzing_has_found_are_written_as_they_are_read() {
    let (mut lines, mut captures) = (0, 0);
    for octets in corpus("trace") {
        if let Ok(records) = json::read(&octets).map(passed) {
            let written = as_lines(&records);
            assert_eq!(passed(json::read(written.as_bytes()).unwrap()), records);
            let back = passed(pcapng::read(&as_capture(&records)).unwrap());
            assert_eq!(as_lines(&back), written);
            lines += usize::from(!records.is_empty());
        }
        if let Ok(records) = pcapng::read(&octets).map(passed) {
            assert_eq!(passed(pcapng::read(&as_capture(&records)).unwrap()), records);
            captures += usize::from(!records.is_empty());
        }
    }
    assert!(lines >= 5, "{lines} files of the corpus are lines of JSON with records");
    assert!(captures >= 5, "{captures} files of the corpus are captures with records");
}
