//! MANAGE CHANNEL (TS 102 221 §11.1.17).

use oxisim_apdu::{Command, Response, Status};

use super::respond;
use crate::{card::Powered, channel::Channel};

/// MANAGE CHANNEL. A channel opened from the basic one has the MF; from another, what that one has (§8.7, Table
/// 8.3), be it an applet (Java Card Runtime Environment Specification §4.5.1). Its number is the card's to choose.
pub(super) fn manage_channel(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    const OPEN: u8 = 0x00;
    const CLOSE: u8 = 0x80;
    match (command.p1, command.p2) {
        (OPEN, 0) => {
            let inherited = inherited(card, command)?;
            let number = card.session.channels.open(Channel { applet: None, ..inherited })?;
            if let Some(applet) = inherited.applet {
                // One that does not agree leaves no channel behind.
                let agreed = card.select_applet(applet, number);
                agreed.or_else(|status| card.session.channels.close(number).and(Err(status)))?;
                card.session.channels.put(number, inherited);
            }
            respond(command, [number].into())
        }
        (CLOSE, number) => {
            let closed = card.session.channels.get(number);
            card.session.channels.close(number)?;
            if let Ok(Channel { application, applet, .. }) = closed {
                card.forget_unused(application);
                if let Some(applet) = applet {
                    card.deselect_on(applet, number);
                }
            }
            Ok(Status::NORMAL.into())
        }
        _ => Err(Status::INCORRECT_P1_P2),
    }
}

/// What the new channel begins with; `6985` if that directory or applet is the other channel's alone (§8.7).
fn inherited(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Channel, Status> {
    let here = card.session.channel;
    match (command.class.channel(), here.applet) {
        (Some(1..), Some(applet)) => card.check_shared(applet, None).map(|()| here),
        (Some(1..), None) if !card.files.get(here.directory).is_some_and(|directory| directory.shareable) => {
            Err(Status::CONDITIONS_NOT_SATISFIED)
        }
        (Some(1..), None) => Ok(Channel { ef: None, record: None, transfer: None, ..here }),
        _ => Ok(Channel::after_reset()),
    }
}
