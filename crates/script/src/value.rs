//! Variables, and what octets with variables in them come to.

use alloc::{borrow::ToOwned, collections::BTreeMap, format, string::String, vec::Vec};

use crate::{
    pattern::{Element, Pattern},
    source::Mistake,
    syntax::{Data, LengthForm, Name, Part},
};

/// The longest value: that of the longest command APDU (ISO/IEC 7816-3 §12.1).
const LONGEST: usize = 0x1_0010;

/// Where the values of variables are.
pub trait Lookup {
    /// The value of a variable.
    fn value(&self, name: &str) -> Option<Vec<u8>>;
}

/// Variables by name.
pub type Variables = BTreeMap<String, Vec<u8>>;

/// The octets that data come to.
pub fn octets(data: &Data, variables: &dyn Lookup) -> Result<Vec<u8>, Mistake> {
    let mut out = Vec::new();
    for part in &data.parts {
        match part {
            Part::Octets(octets) => out.extend_from_slice(octets),
            Part::Variable(name) => out.extend(variable(name, variables)?),
            Part::Length(form, inner) => out.extend(with_length(*form, inner, variables)?),
            // The parser lets none of these in.
            Part::Masked { .. } | Part::Any | Part::Capture { .. } => {
                return Err(Mistake::new(data.span, "what is sent has no wildcards"));
            }
        }
        if out.len() > LONGEST {
            return Err(Mistake::new(data.span, "these are too many octets"));
        }
    }
    Ok(out)
}

/// The pattern that data come to.
pub fn pattern(data: &Data, variables: &dyn Lookup) -> Result<Pattern, Mistake> {
    let mut elements = Vec::new();
    for part in &data.parts {
        match part {
            Part::Octets(octets) => elements.extend(octets.iter().copied().map(Element::octet)),
            Part::Variable(name) => {
                elements.extend(variable(name, variables)?.into_iter().map(Element::octet));
            }
            Part::Length(form, inner) => {
                elements.extend(with_length(*form, inner, variables)?.into_iter().map(Element::octet));
            }
            Part::Masked { value, mask } => elements.push(Element::Octet { value: *value, mask: *mask }),
            Part::Any => elements.push(Element::Any),
            Part::Capture { name, length } => {
                elements.push(Element::Capture { name: name.text.clone(), length: *length });
            }
        }
        if elements.len() > LONGEST {
            return Err(Mistake::new(data.span, "these are too many octets"));
        }
    }
    Ok(Pattern(elements))
}

fn variable(name: &Name, variables: &dyn Lookup) -> Result<Vec<u8>, Mistake> {
    let missing = || {
        let mistake = Mistake::new(name.span, format!("the variable {} has no value", name.text));
        mistake.help("set NAME = DATA gives one, and <NAME> in what is expected")
    };
    variables.value(&name.text).ok_or_else(missing)
}

fn with_length(form: LengthForm, inner: &Data, variables: &dyn Lookup) -> Result<Vec<u8>, Mistake> {
    let value = octets(inner, variables)?;
    let length = value.len();
    let mut out = match (form, u8::try_from(length), u16::try_from(length)) {
        (LengthForm::Lc, Ok(length), _) | (LengthForm::Ber, Ok(length @ 0..=0x7F), _) => [length].to_vec(),
        (LengthForm::Lc, _, Ok(length)) => [&[0x00][..], &length.to_be_bytes()].concat(),
        (LengthForm::Ber, Ok(length), _) => [0x81, length].to_vec(),
        (LengthForm::Ber, _, Ok(length)) => [&[0x82][..], &length.to_be_bytes()].concat(),
        _ => return Err(Mistake::new(inner.span, format!("{length} octets have no length here"))),
    };
    out.extend(value);
    Ok(out)
}

/// Octets as they are written in a script.
#[must_use]
pub fn spaced(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(" ")
}

/// A text as it is written in a script.
pub fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}

/// A counter of a repetition, in as few octets as it takes.
pub fn counted(number: u32) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let first = octets.iter().position(|&octet| octet != 0).unwrap_or(octets.len() - 1);
    octets.get(first..).unwrap_or_default().to_owned()
}
