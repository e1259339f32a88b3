//! `oxisim simulate`: what it prints, and what is wrong with its words.

#[allow(dead_code, reason = "other tests need the rest")]
mod oxisim;

use oxisim::Oxisim;
use serde_json::Value;

#[test]
fn worlds_under_faults_keep_every_rule_and_a_program_reads_how_many() {
    let oxisim = Oxisim::new();
    let words = ["simulate", "--seeds", "20", "--contacts", "5", "--json"];
    let output = oxisim.run(&words).success();
    let summary: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!((&summary["worlds"], &summary["violations"]), (&20.into(), &0.into()), "{summary}");
    let faults = summary["faults"].as_object().unwrap();
    assert!(faults.values().any(|count| count.as_u64() > Some(0)), "{summary}");
    assert!(summary["secured"].as_u64() < Some(20), "{summary}");
    let last = summary["last"].as_object().unwrap();
    assert!(
        last.keys().any(|text| text == "Backup complete" || text == "Phonebook has not changed"),
        "{summary}"
    );
    assert!(summary["elapsed_s"].as_f64().is_some(), "{summary}");
    let reached = summary["coverage"]["card"]["reached"].as_array().unwrap();
    assert!(reached.contains(&"sending".into()), "{summary}");
    assert!(summary["coverage"]["transitions"].as_u64() > Some(5), "{summary}");
}

#[test]
fn without_faults_nothing_goes_wrong() {
    let output =
        Oxisim::new().run(&["simulate", "--seeds", "1", "--contacts", "5", "--faults", "none"]).success();
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(printed.starts_with("1 world in ") && printed.contains(" s, 0 violations\n"), "{printed}");
    assert!(
        printed.contains("\nHow backups ended afterwards:\n           1  Backup complete\n"),
        "{printed}"
    );
    assert!(printed.contains("\nReached of card and server: "), "{printed}");
}

#[test]
fn a_plan_replays_and_its_trace_is_one_that_can_be_shown() {
    let oxisim = Oxisim::new();
    // The second one is only there so that the first has its time.
    let faults = r#"{"at":0,"kind":"lost"},{"at":60,"kind":"lost"}"#;
    oxisim.write(
        "plan.json",
        &format!(
            r#"{{"seed":1,"contacts":5,"mode":"timer","secured":true,"compact":false,"faults":[{faults}]}}"#
        ),
    );
    let output = oxisim.run(&["simulate", "--plan", "plan.json", "--trace", "world.jsonl"]).success();
    let printed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(printed.ends_with("Every rule held.\n"), "{printed}");
    for told in
        ["  user asks for a backup (SIM)\n", "  a message to the ", "  phone shows: Backup complete\n"]
    {
        assert!(printed.contains(told), "{told}: {printed}");
    }
    let output = oxisim.run(&["trace", "show", "world.jsonl"]).success();
    let shown = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for passed in ["TERMINAL PROFILE", "SEND SHORT MESSAGE", "server  takes BLOCKS", "loses a message"] {
        assert!(shown.contains(passed), "{passed}: {shown}");
    }
}

#[test]
fn a_fault_that_there_is_not_and_a_plan_that_is_none_are_wrong() {
    let oxisim = Oxisim::new();
    oxisim.run(&["simulate", "--faults", "tarn"]).code(2);
    oxisim.write("plan.json", "{}");
    oxisim.run(&["simulate", "--plan", "plan.json"]).code(2);
    oxisim.run(&["simulate", "--plan", "missing.json"]).code(2);
    oxisim.run(&["simulate", "--seeds", "1", "--trace", "world.jsonl"]).code(2);
}
