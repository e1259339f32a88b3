//! An applet asks through its phone where it is and for a multimedia message, and is told of what happens.

use std::sync::{Arc, Mutex};

use oxisim_card::{Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Profile, ToolkitEvent};
use oxisim_terminal::{Config, Output, Position, Terminal};
use oxisim_toolkit::{
    codes::EventCode,
    command::{GeographicalLocationRequest, RetrieveMultimediaMessage},
    envelope::EventDownload,
    event::HciConnectivity,
    objects::{FileList, MultimediaContent, MultimediaReference, NmeaSentence},
};
use oxisim_wire::Instant;
use oxisim_world::Network;

/// Asks for its position, then for message 1, and keeps what it is told.
#[derive(Clone)]
struct Asker {
    heard: Arc<Mutex<Vec<String>>>,
    asked: bool,
}

impl Applet for Asker {
    fn aid(&self) -> Aid {
        Aid::new(&[0xA0, 0x00, 0x00, 0x00, 0x01]).unwrap()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        for event in [
            ToolkitEvent::ProfileDownload,
            ToolkitEvent::OtherEnvelope,
            ToolkitEvent::EventDownload(EventCode::HCI_CONNECTIVITY),
        ] {
            env.registry().set_event(event)?;
        }
        Ok(())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let heard = match event {
            Event::ProfileDownload => {
                return env.send(0, GeographicalLocationRequest { parameters: None });
            }
            Event::ProactiveResponse(response) => {
                if !std::mem::replace(&mut self.asked, true) {
                    env.send(0, retrieve())?;
                }
                format!("{:02X}", response.result.general.0)
            }
            Event::OtherEnvelope(envelope) => envelope.text().into(),
            Event::EventDownload(event) => event.event.text().into(),
            _ => return Ok(()),
        };
        self.heard.lock().unwrap().push(heard);
        Ok(())
    }
}

fn retrieve() -> RetrieveMultimediaMessage {
    RetrieveMultimediaMessage {
        alpha: None,
        icon: None,
        reference: MultimediaReference { reference: b"1".to_vec() },
        files: FileList { count: 1, paths: vec![0x3F, 0x00, 0x5F, 0x3B] },
        content: MultimediaContent { content: vec![1] },
        identifier: None,
        attribute: None,
        frame: None,
    }
}

/// Does what the phone says, at once.
fn drain(phone: &mut Terminal, card: &mut Card, network: &Network, now: Instant) {
    while let Some(output) = phone.poll_output() {
        match output {
            Output::PowerOn => phone.handle_atr(&card.power_on(now), now),
            Output::Transmit(command) => {
                phone.handle_response(&card.exchange(now, &command).to_bytes(), now);
            }
            Output::Network(request) => {
                if let Some(event) = network.ask(&request) {
                    phone.handle_network(event, now);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn an_applet_hears_of_its_position_its_message_and_its_events() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let applet = Asker { heard: Arc::clone(&heard), asked: false };
    let mut card = Card::new(&Profile::default()).with_applet(applet);
    let sentence = Some(NmeaSentence { sentence: b"$GPGLL".to_vec() });
    let mut network = Network { position: Position { shape: None, sentence }, ..Network::default() };
    network.multimedia.insert(b"1".to_vec());
    let mut phone = Terminal::new(Config::default());
    let now = Instant::EPOCH;
    phone.switch_on(now);
    drain(&mut phone, &mut card, &network, now);
    phone.handle_event(EventDownload::new(HciConnectivity {}), now);
    drain(&mut phone, &mut card, &network, now);
    let heard = heard.lock().unwrap();
    assert_eq!(
        *heard,
        ["00", "00", "geographical location reporting", "MMS transfer status", "HCI connectivity"]
    );
}
