//! The echo applet. Its idea: a message in, a message out, however long it is.

use alloc::{format, string::String};

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters, ToolkitEvent, UnformattedSms};
use oxisim_sms::{
    DataCoding, ProtocolIdentifier,
    concatenation::{Reference, split},
    tpdu::Submit,
};
use oxisim_toolkit::command::SendShortMessage;
use oxisim_wire::Wire;

const AID: [u8; 12] = *b"\xA0\x00\x00\x09\x99OXISIM\x03";

/// Parts of one echo, at most: so many commands the toolkit framework keeps for an applet.
const MOST_PARTS: usize = 16;

/// Sends back what a message to the card says (SMS-PP data download, TS 31.111 §7.1.1).
///
/// The toolkit framework has put the parts of a long message together, and the echo goes out in parts again. An echo
/// begins with [`MARK`](Self::MARK), and is not echoed: two such cards would never end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Echo {
    /// The reference number of the next message in parts. It is transient: a reset begins anew, as phones do.
    reference: u8,
}

impl Echo {
    /// What an echo begins with.
    pub const MARK: &'static str = "Echo: ";

    fn echo(&mut self, sms: &UnformattedSms<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let text = sms.message.text();
        let sender = sms.originator;
        if text.starts_with(Self::MARK) || sender.kind().is_alphanumeric() {
            return Ok(());
        }
        let (coding, payload) = DataCoding::encode_text(&format!("{}{text}", Self::MARK));
        self.reference = self.reference.wrapping_add(1);
        let Ok(parts) = split(coding, &payload, Reference::Short(self.reference)) else { return Ok(()) };
        // Parts of which some are missing are of no use to anybody.
        if parts.len() > MOST_PARTS {
            return Ok(());
        }
        parts.into_iter().try_for_each(|part| {
            let submit = Submit::new(sender.clone(), ProtocolIdentifier::DEFAULT, part);
            env.send(0, SendShortMessage::silent(submit.encode()))
        })
    }
}

impl Applet for Echo {
    fn aid(&self) -> Aid {
        const { Aid::new(&AID).expect("12 octets are an AID") }
    }

    fn name(&self) -> String {
        "echo".into()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().set_event(ToolkitEvent::UnformattedSmsPp)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::UnformattedSmsPp(sms) => self.echo(&sms, env),
            _ => Ok(()),
        }
    }
}
