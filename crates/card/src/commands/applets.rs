//! Selected applets: how one is selected and deselected, and which commands go to it (Java Card Runtime Environment
//! Specification §4, TS 102 221 §8.4, §10.1.1).

use alloc::vec::Vec;

use oxisim_apdu::{Class, Command, Instruction, Response, SecureMessaging, Status};
use oxisim_wire::tlv::write_tlv;

use super::{administration, select::BY_AID};
use crate::{card::Powered, channel::Channel, runtime::AppletId};

/// Lets the applet that is selected on the channel of a command answer it; nothing if there is none, or if the command
/// is the card's own.
pub(super) fn dispatch(card: &mut Powered<'_>, command: &Command<'_>) -> Option<Result<Response, Status>> {
    let number = channel(command.class)?;
    let channel = card.session.channels.get(number).ok()?;
    let applet = channel.applet?;
    if is_of_card(command, number) {
        return None;
    }
    (card.session.channel, card.session.number) = (channel, number);
    let usage = administration::check_usage(card, command.instruction);
    Some(usage.and_then(|()| card.runtime().process(applet, command, false)))
}

/// The logical channel of a command for an applet: a class without one is for the basic channel.
const fn channel(class: Class) -> Option<u8> {
    match class.channel() {
        None if class.0 != 0xFF => Some(0),
        channel => channel,
    }
}

/// Whether a command is the card's own although an applet is selected: SELECT by AID, MANAGE CHANNEL, STATUS, and on
/// the basic channel what belongs to the toolkit and to the terminal. What has the code of STATUS and not its parameters
/// is the applet's, as GET STATUS (GP Card Specification §11.4).
fn is_of_card(command: &Command<'_>, number: u8) -> bool {
    let class = command.class;
    if class.channel().is_none() {
        return false;
    }
    match command.instruction {
        Instruction::MANAGE_CHANNEL => !class.is_proprietary(),
        Instruction::SELECT => {
            let is_plain = matches!(class.secure_messaging(), SecureMessaging::None);
            !class.is_proprietary() && is_plain && command.p1 == BY_AID
        }
        Instruction::STATUS => class.is_proprietary() && command.p1 <= 0x02 && command.data.is_empty(),
        Instruction::TERMINAL_PROFILE
        | Instruction::ENVELOPE
        | Instruction::FETCH
        | Instruction::TERMINAL_RESPONSE
        | Instruction::TERMINAL_CAPABILITY
        | Instruction::SUSPEND_UICC => class.is_proprietary() && number == 0,
        _ => false,
    }
}

/// SELECT of an applet (§4.5.2): what was selected before is deselected, the applet agrees, and answers the command.
/// `6985` if it is for one channel only and another one has it; `6999` if it does not agree, and the channel has the MF
/// then.
pub(super) fn select(
    card: &mut Powered<'_>,
    applet: AppletId,
    command: &Command<'_>,
) -> Result<Response, Status> {
    let number = card.session.number;
    card.check_shared(applet, Some(number))?;
    card.deselect();
    card.session.channel = Channel::after_reset();
    card.select_applet(applet, number)?;
    card.session.channel = Channel::with_applet(applet);
    card.runtime().process(applet, command, true)
}

/// A SELECT by AID that nothing fits: the applet that is selected answers it, if there is one (§4.5.2).
pub(super) fn select_unknown(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let applet = card.session.channel.applet.ok_or(Status::FILE_NOT_FOUND)?;
    card.runtime().process(applet, command, false)
}

/// The FCP template of an applet: its name.
pub(super) fn template(card: &mut Powered<'_>, applet: AppletId) -> Result<Vec<u8>, Status> {
    let name = name(card, applet)?;
    let mut out = Vec::with_capacity(20);
    write_tlv(0x62, &mut out, |out| out.extend_from_slice(&name));
    Ok(out)
}

/// The DF name object of an applet.
pub(super) fn name(card: &mut Powered<'_>, applet: AppletId) -> Result<Vec<u8>, Status> {
    let instance = card.runtime().applets.get(applet).ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
    let mut out = Vec::with_capacity(18);
    write_tlv(0x84, &mut out, |out| out.extend_from_slice(instance.aid.as_bytes()));
    Ok(out)
}
