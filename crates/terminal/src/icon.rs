//! Icons in commands, which this phone does not display.

use oxisim_toolkit::{
    DataObject, Proactive,
    objects::{AlphaIdentifier, IconIdentifier, ItemIcons, TextString},
};

/// Whether the command has icons.
pub(crate) fn is_in(body: &Proactive) -> bool {
    let mut found = false;
    body.each_object(&mut |_, object| found |= [IconIdentifier::TAG, ItemIcons::TAG].contains(&object.tag()));
    found
}

/// Whether the command has an icon that does not explain itself, and no words to go with it (TS 102 223 §6.5.4).
pub(crate) fn lacks_words(body: &Proactive) -> bool {
    /// Bit 1 of an icon's qualifier: the icon is not self-explanatory.
    const NEEDS_WORDS: u8 = 0x01;
    let (mut needs, mut has) = (false, false);
    body.each_object(&mut |_, object| match object.tag() {
        IconIdentifier::TAG => {
            needs |= object.value().first().is_some_and(|qualifier| qualifier & NEEDS_WORDS != 0);
        }
        AlphaIdentifier::TAG => has |= !object.value().is_empty(),
        // The first octet of a text string is its coding.
        TextString::TAG => has |= object.value().len() > 1,
        _ => {}
    });
    needs && !has
}
