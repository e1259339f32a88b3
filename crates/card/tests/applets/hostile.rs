//! Applets, a terminal and a host that do what they should not, in any order, while power fails.

use oxisim_card::{AppletError, Card, Clear, Env, InstallParameters, MenuPlace, Profile, Status, Tar};
use oxisim_toolkit::{
    codes::{TimerAction, TransportProtocol},
    command::{DisplayText, OpenChannel, TimerManagement},
    objects::{TextString, TimerIdentifier, TimerValue},
};
use oxisim_wire::{Duration, Instant};
use proptest::{collection::vec, prelude::*};

use crate::bench::{Fields, PROFILE, Probe, aid, memory, package, send};

/// The applets: each is a class of its own.
const NAMES: [u8; 4] = *b"ABCD";

#[derive(Clone, Debug)]
enum Step {
    Install {
        name: u8,
        persistent: Option<u16>,
        transient: Option<u16>,
        given: u8,
    },
    MakeSelectable(u8),
    Lock(u8),
    Unlock(u8),
    Delete(u8),
    Load,
    Reset,
    /// Power fails after so many writes.
    Tear(u64),
    /// What an applet does when it hears of a profile next.
    Script {
        name: u8,
        deeds: Vec<u8>,
    },
    Send(&'static str),
}

fn step() -> impl Strategy<Value = Step> {
    let name = || prop::sample::select(&NAMES[..]);
    let quota = || prop::option::of(0..40_u16);
    prop_oneof![
        4 => (name(), quota(), quota(), 0..4_u8).prop_map(|(name, persistent, transient, given)| {
            Step::Install { name, persistent, transient, given }
        }),
        3 => name().prop_map(Step::MakeSelectable),
        1 => name().prop_map(Step::Lock),
        1 => name().prop_map(Step::Unlock),
        2 => name().prop_map(Step::Delete),
        1 => Just(Step::Load),
        1 => Just(Step::Reset),
        1 => (0..60_u64).prop_map(Step::Tear),
        6 => (name(), vec(any::<u8>(), 1..12)).prop_map(|(name, deeds)| Step::Script { name, deeds }),
        8 => prop::sample::select(&[
            PROFILE,
            "8010000020FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
            "80F2000C",
            "8012000000",
            "801400000C810301210082028281830100",
            "8014000010810301400182028281830100B8028100",
            "8014000014810301270082028281830100A40101A503000000",
            "801400000F810301270182028281830100A40101",
            "801400000C810301250082028281830100",
            "80C2000009D30782020181900101",
            "80C200000ED70C82028281A40101A503000100",
            "80C2000010D60E99010982028281B8028100B70101",
            "00A4040005A000000041",
            "01A4040005A000000042",
            "0070000001",
            "00708001",
            "80CA000000",
        ][..]).prop_map(Step::Send),
    ]
}

/// Does one thing after the other, whatever comes of it; the last octet says how it ends.
fn act(deeds: &[u8], fields: &mut Fields, env: &mut Env<'_>) -> Result<(), AppletError> {
    for &deed in deeds {
        let other = aid(NAMES[usize::from(deed >> 6)]);
        let _ = match deed & 0x1F {
            0 | 1 => env.begin_transaction(),
            2 => env.commit_transaction(),
            3 => env.abort_transaction(),
            4 | 5 => env.call(&other, &deeds[1..]).map(|_| ()),
            6 => env.store_write(0, &[deed; 4]),
            7 => env.write(env.array(0), 0, &[deed; 3]),
            8 => env.write(env.array(1), 0, &[deed; 3]),
            9 => env.new_persistent(3).map(|_| ()),
            10 => env.new_transient(3, Clear::OnDeselect).map(|_| ()),
            11 => env.new_pin(3, 4).map(|_| ()),
            12 => env.pin(0).check(&[deed; 4], env).map(|_| ()),
            13 => env.pin(0).update(&[deed; 4], env),
            14 => env.registry().init_menu_entry([deed; 5]).map(|_| ()),
            15 => env.registry().allocate_timer().map(|_| ()),
            16 => env.registry().release_timer(1),
            17 => env.registry().allocate_service().map(|_| ()),
            18 => env.registry().request_poll_interval(Some(Duration::from_secs(deed.into()))),
            19 => env.registry().register_file_event(None, &[0x3F00, 0x2F05]),
            20 => {
                let timer = TimerIdentifier { identifier: 1 };
                let value = Some(TimerValue::from_duration(Duration::from_secs(9)));
                env.send(TimerAction::START.0, TimerManagement { timer, value })
            }
            21 => env.send(0, DisplayText::new(TextString::eight_bit("x"))),
            22 => env.send(1, OpenChannel::to(TransportProtocol::UDP_CLIENT_REMOTE, [1; 4], 80, 9)),
            23 => env.post_response(&[deed; 300]),
            24 => {
                fields.heap.extend([deed; 9]);
                Ok(())
            }
            _ => Ok(()),
        };
    }
    if deeds.last().is_some_and(|deed| deed & 0x20 != 0) {
        Err(Status::INCORRECT_DATA.into())
    } else {
        Ok(())
    }
}

fn probes() -> Vec<Probe> {
    let probe = |name| Probe {
        start: |fields, env| {
            let name = env.aid().as_bytes()[4];
            act(&[name, 0, 4, 6, 0x44, 0x84, 21], fields, env)
        },
        shared: |fields, _, message, env| act(message, fields, env).map(|()| message.to_vec()),
        ..Probe::installed_by(name, |env| {
            let deeds = env.parameters().application.clone();
            act(&deeds, &mut Fields::default(), env)
        })
    };
    NAMES.map(probe).to_vec()
}

/// What an applet is installed with, and what it does then.
fn parameters(name: u8, persistent: Option<u16>, transient: Option<u16>, given: u8) -> InstallParameters {
    let identifier = [0, 1, 1, 2][usize::from(given)];
    InstallParameters {
        persistent_quota: persistent,
        transient_quota: transient,
        menu_entries: (given > 0).then(|| vec![MenuPlace { position: given, identifier }]),
        tars: if given > 2 { vec![Tar([0; 3])] } else { vec![] },
        priority: name,
        application: [9, 10, 11, 13, 12, 14, 15, 15, 17, 0, 9, 14, 4, 3, 0, 10, 2, given << 5, given << 4]
            .to_vec(),
        ..InstallParameters::default()
    }
}

fn take(step: Step, card: &mut Card, probes: &[Probe]) {
    let _ = match step {
        Step::Install { name, persistent, transient, given } => {
            card.install(&aid(0x50), &aid(name), aid(name), &parameters(name, persistent, transient, given))
        }
        Step::MakeSelectable(name) => card.make_selectable(&aid(name)),
        Step::Lock(name) => card.lock(&aid(name)),
        Step::Unlock(name) => card.unlock(&aid(name)),
        Step::Delete(name) => card.delete(&aid(name)),
        Step::Load => card.load(package(probes.to_vec())),
        Step::Reset => {
            card.power_on(Instant::EPOCH);
            Ok(())
        }
        Step::Tear(writes) => {
            card.memory_mut().tear_after(Some(writes));
            Ok(())
        }
        Step::Script { name, deeds } => {
            if let Some(probe) = probes.iter().find(|probe| probe.name == name) {
                probe.then(move |fields, env| act(&deeds, fields, env));
            }
            Ok(())
        }
        Step::Send(apdu) => {
            send(card, apdu);
            Ok(())
        }
    };
    if card.memory().is_torn() {
        card.power_on(Instant::EPOCH);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_left_of_applets_whatever_they_have_done(steps in vec(step(), 0..60)) {
        let mut card = Card::new(&Profile::default());
        let before = memory(&card);
        let probes = probes();
        card.load(package(probes.clone())).unwrap();
        card.power_on(Instant::EPOCH);
        for step in steps {
            take(step, &mut card, &probes);
            prop_assert!(!card.memory().in_transaction());
            let over = card.applets().find(|applet| {
                let is_over = |quota: Option<u16>, octets| quota.is_some_and(|quota| octets > usize::from(quota));
                let InstallParameters { persistent_quota, .. } = applet.parameters;
                is_over(persistent_quota, applet.persistent_octets)
            });
            prop_assert_eq!(over.map(|applet| applet.aid), None);
        }
        card.memory_mut().tear_after(None);
        card.power_on(Instant::EPOCH);
        for name in NAMES {
            let _ = card.delete(&aid(name));
        }
        let left: Vec<_> = memory(&card).into_iter().filter(|object| object.0 != "applets").collect();
        prop_assert_eq!(left, before);
    }
}
