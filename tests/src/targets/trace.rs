//! Any octets as lines of JSON and as a capture: what is read is written and read again the same, in both forms.

use oxisim_trace::{Placed, Record, Transcript, diff, json, pcapng};

/// The same records as lines and as a capture.
fn written(records: &[Record]) -> (String, Vec<u8>) {
    let lines: Vec<String> = records.iter().map(json::line).collect();
    let mut capture = Vec::new();
    let mut writer = pcapng::Writer::new(&mut capture).expect("memory can be written");
    for record in records {
        writer.write(record).expect("memory can be written");
    }
    (lines.join("\n"), capture)
}

fn records(placed: Vec<Placed>) -> Vec<Record> {
    placed.into_iter().map(|placed| placed.record).collect()
}

pub fn run(octets: &[u8]) -> &'static str {
    let mut word = super::NOTHING;
    if let Ok(placed) = json::read(octets) {
        let read = records(placed);
        let (lines, capture) = written(&read);
        assert_eq!(records(json::read(lines.as_bytes()).expect("our lines")), read);
        let back = records(pcapng::read(&capture).expect("our capture"));
        assert_eq!(written(&back).0, lines);
        if !read.is_empty() {
            word = "lines";
        }
    }
    if let Ok(placed) = pcapng::read(octets) {
        assert!(diff(&placed, &placed).iter().all(|part| matches!(part, diff::Difference::Alike(_))));
        let read = records(placed);
        let capture = written(&read).1;
        assert_eq!(records(pcapng::read(&capture).expect("our capture")), read);
        let mut transcript = Transcript::default();
        for record in &read {
            transcript.tell(record, None, &mut |line| drop(line.to_string()));
        }
        if !read.is_empty() {
            word = "capture";
        }
    }
    word
}
