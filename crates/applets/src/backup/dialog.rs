//! What the applet says to the user, and asks.

use alloc::format;

use oxisim_backup::{Choice, Estimate, Outcome};
use oxisim_card::{AppletError, Env, path};
use oxisim_toolkit::{
    TerminalResponse,
    codes::{GeneralResult, RefreshMode},
    command::{DisplayText, Refresh, SelectItem},
    objects::{AlphaIdentifier, Item, TextString, alpha},
};

const NORMAL_ITEM: u8 = 1;
const ASYNCHRONOUS_ITEM: u8 = 2;
const REFUSE_ITEM: u8 = 3;

/// Both estimates, and the way out.
pub(super) fn question(estimate: &Estimate) -> SelectItem {
    let [title, choices @ ..] = estimate.question();
    let identifiers = [NORMAL_ITEM, ASYNCHRONOUS_ITEM, REFUSE_ITEM];
    let items = identifiers.into_iter().zip(choices);
    let items = items.map(|(identifier, text)| Item { identifier: Some(identifier), text: alpha(&text) });
    SelectItem::new(AlphaIdentifier { text: alpha(&title) }, items.collect())
}

/// What the user chose.
pub(super) fn choice(response: &TerminalResponse) -> Choice {
    if response.result.general == GeneralResult::NO_RESPONSE_FROM_USER {
        return Choice::NoAnswer;
    }
    match response.answer.item.as_ref().map(|item| item.identifier) {
        Some(NORMAL_ITEM) if response.result.general.is_performed() => Choice::Normal,
        Some(ASYNCHRONOUS_ITEM) if response.result.general.is_performed() => Choice::Asynchronous,
        _ => Choice::Refused,
    }
}

/// Tells the user how it went, and the phone which files are no longer what it has read.
pub(super) fn report(outcome: &Outcome, env: &mut Env<'_>) -> Result<(), AppletError> {
    match outcome {
        // The messages that follow speak for themselves.
        Outcome::Started { .. } => return Ok(()),
        Outcome::Restored => {
            let files = [path::EF_ADN, path::EF_EXT1, path::EF_ANR];
            let _ = env.send(RefreshMode::FILE_CHANGE_NOTIFICATION.0, Refresh::files(&files));
        }
        _ => {}
    }
    env.send(0, DisplayText::new(TextString::eight_bit(&format!("{outcome}"))))
}
