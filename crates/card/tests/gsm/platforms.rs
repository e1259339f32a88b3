//! Cards that are a UICC, a SIM of GSM, or both.

use oxisim_card::{Image, Profile, image::Platform};

use crate::sim::{CHV1, Sim};

fn card(platform: Platform) -> Sim {
    Sim::of(&Image { platform, ..Profile::default().image() })
}

#[test]
fn a_card_understands_the_classes_of_its_platform() {
    for (platform, uicc, gsm) in [
        (Platform::UiccWithSim, "9000", "9F16"),
        (Platform::Uicc, "9000", "6E00"),
        (Platform::Sim, "6E00", "9F16"),
    ] {
        let mut sim = card(platform);
        assert_eq!(sim.send("00A4000C023F00"), uicc);
        assert_eq!(sim.send("80F2000C00"), uicc);
        assert_eq!(sim.send("A0A40000023F00"), gsm);
        for class in ["A1", "B0", "BF", "FF"] {
            assert_eq!(sim.send(&format!("{class}A40000023F00")), "6E00");
        }
    }
}

/// The basic channel, the codes and the files are the same.
#[test]
fn both_sides_of_a_card_are_one_card() {
    let mut sim = card(Platform::UiccWithSim);
    sim.ok("A028000108 30303030FFFFFFFF");
    sim.reset();
    sim.select("3F00/7F20/6F07");
    assert_eq!(sim.send("A0B0000009"), "9804");
    assert_eq!(sim.send("00B0000009"), "6982");
    assert_eq!(sim.send("A020000108 FFFFFFFFFFFFFFFF"), "9804");
    assert_eq!(sim.send("0020000100"), "63C2");
    sim.ok("0020000108 30303030FFFFFFFF");
    assert_eq!(sim.ok("A0B0000009"), sim.ok("00B0000009"));
    assert_eq!(sim.send(CHV1), "9804");
}

#[test]
fn a_command_of_the_uicc_drops_what_waits() {
    let mut sim = card(Platform::UiccWithSim);
    sim.send("A0A40000027F20");
    sim.ok("00A4000C023F00");
    assert_eq!(sim.send("A0C0000016"), "6F00");
}
