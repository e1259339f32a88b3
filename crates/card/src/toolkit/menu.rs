//! Entries of the menu: where they stand, and how memory keeps them (TS 102 226 §8.2.1.3.2, TS 102 241).

use alloc::vec::Vec;

use oxisim_toolkit::{CommandType, objects::IconIdentifier};
use oxisim_wire::{
    Error, Reader,
    tlv::{read_length, write_length},
};

/// An entry of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MenuEntry {
    pub identifier: u8,
    /// Where it was put when it was added: 1 for the first place, 0 for the last.
    pub position: u8,
    pub text: Vec<u8>,
    pub enabled: bool,
    pub help: bool,
    /// The command that follows its selection.
    pub next_action: Option<CommandType>,
    pub icon: Option<IconIdentifier>,
}

/// The flags of an entry.
const ENABLED: u8 = 0x01;
const HELP: u8 = 0x02;
const NEXT_ACTION: u8 = 0x04;
const ICON: u8 = 0x08;

impl MenuEntry {
    /// An entry that is shown.
    pub const fn new(identifier: u8, position: u8, text: Vec<u8>) -> Self {
        Self { identifier, position, text, enabled: true, help: false, next_action: None, icon: None }
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        const WHAT: &str = "menu entry of an applet";
        let [identifier, position, flags, action, qualifier, record] = r.array(WHAT)?;
        let length = read_length(r, WHAT)?;
        Ok(Self {
            identifier,
            position,
            text: r.take(length, WHAT)?.to_vec(),
            enabled: flags & ENABLED != 0,
            help: flags & HELP != 0,
            next_action: (flags & NEXT_ACTION != 0).then_some(CommandType(action)),
            icon: (flags & ICON != 0).then_some(IconIdentifier { qualifier, record }),
        })
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        let flags = [
            (ENABLED, self.enabled),
            (HELP, self.help),
            (NEXT_ACTION, self.next_action.is_some()),
            (ICON, self.icon.is_some()),
        ];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set).fold(0, |flags, (flag, _)| flags | flag);
        let (qualifier, record) = self.icon.as_ref().map_or((0, 0), |icon| (icon.qualifier, icon.record));
        let action = self.next_action.map_or(0, |action| action.0);
        out.extend_from_slice(&[self.identifier, self.position, flags, action, qualifier, record]);
        write_length(self.text.len(), out);
        out.extend_from_slice(&self.text);
    }
}

/// The entries that are shown, in their order. Each was put at its position among those that were there, and those from
/// there on have moved back; one that is hidden keeps its place. They come in the order in which they were added, with
/// whether their applets work.
pub(super) fn shown<'a>(entries: impl Iterator<Item = (bool, &'a MenuEntry)>) -> Vec<&'a MenuEntry> {
    let mut menu = Vec::new();
    for (is_active, entry) in entries {
        let place = usize::from(entry.position).checked_sub(1).filter(|&place| place < menu.len());
        menu.insert(place.unwrap_or(menu.len()), (is_active, entry));
    }
    menu.into_iter()
        .filter(|(is_active, entry)| *is_active && entry.enabled)
        .map(|(_, entry)| entry)
        .collect()
}
