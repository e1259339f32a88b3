//! An applet with a menu entry that greets.

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters, Tar, ToolkitEvent};
use oxisim_toolkit::{command::DisplayText, objects::TextString};

/// Shows a text when its menu entry is selected, and counts in persistent memory how often it was read.
#[derive(Clone, Default)]
pub struct Hello {
    shown: bool,
}

/// TERMINAL PROFILE of a terminal that can do everything.
pub const PROFILE: &str = "8010000009FFFFFFFFFFFFFFFFFF";
/// SET UP MENU with the entry of [`Hello`].
pub const MENU: &str = "D016810301250082028182850353494D8F060148656C6C6F";
pub const MENU_DONE: &str = "801400000C810301250082028281830100";
/// ENVELOPE: the entry is selected.
pub const SELECT_HELLO: &str = "80C2000009D30782020181900101";
/// DISPLAY TEXT.
pub const HELLO: &str = "D0128103012180820281028D070448656C6C6F21";
pub const HELLO_DONE: &str = "801400000C810301218082028281830100";
/// The applet's TAR.
pub const TAR: Tar = Tar([0xB0, 0x00, 0x10]);

impl Applet for Hello {
    fn aid(&self) -> Aid {
        Aid::new(&[0xA0, 0x00, 0x00, 0x00, 0x87, 0x48, 0x45, 0x4C]).unwrap()
    }

    fn parameters(&self) -> InstallParameters {
        InstallParameters { tars: vec![TAR], ..InstallParameters::default() }
    }

    fn persistent_octets(&self) -> usize {
        1
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().init_menu_entry(*b"Hello")?;
        env.registry().set_event_list(&[ToolkitEvent::FormattedSmsPp, ToolkitEvent::UnformattedSmsPp])
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { .. } => {
                env.send(0x80, DisplayText::new(TextString::eight_bit("Hello!")))?;
                self.shown = true;
            }
            Event::ProactiveResponse(response) if self.shown && response.result.general.is_performed() => {
                let mut read = [0];
                env.store_read(0, &mut read)?;
                env.store_write(0, &[read[0].wrapping_add(1)])?;
            }
            Event::FormattedSmsPp(sms) => env.post_response(&sms.packet.data)?,
            Event::UnformattedSmsPp(_) => env.post_response(b"heard")?,
            _ => {}
        }
        Ok(())
    }
}
