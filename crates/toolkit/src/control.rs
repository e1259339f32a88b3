//! What the card answers to CALL CONTROL and to MO SHORT MESSAGE CONTROL (TS 31.111 §7.3).

use alloc::vec::Vec;

use oxisim_wire::{
    Error, Reader, codes,
    tlv::{self, Tlv},
};

use crate::{
    message::{FieldInfo, Form, Object, Objects, Outgoing, Unknown},
    objects::{
        Address, AlphaIdentifier, BcRepeatIndicator, CapabilityConfiguration, EpsPdnActivation, ImsUri,
        MediaType, PdpContextActivation, SsString, Subaddress, UssdString,
    },
};

codes! {
    /// What the card decided (TS 31.111 §7.3.1.6).
    pub struct ControlResult(u8) { ALLOWED = 0x00, NOT_ALLOWED = 0x01, ALLOWED_WITH_MODIFICATIONS = 0x02, }
}

message! {
    /// What the card changes of a call, or of what stands in its place (TS 31.111 §7.3.1.6). What is absent stays as
    /// it is.
    #[derive(Default)]
    CallChanges {
        address: Option<Address>, ss: Option<SsString>, ussd: Option<UssdString>,
        pdp: Option<PdpContextActivation>, eps: Option<EpsPdnActivation>, ims: Option<ImsUri>,
        capability: Option<CapabilityConfiguration>, subaddress: Option<Subaddress>,
        alpha: Option<AlphaIdentifier>, repeat: Option<BcRepeatIndicator>,
        second_capability: Option<CapabilityConfiguration>, media: Option<MediaType>,
    }
}

message! {
    /// What the card changes of a short message (TS 31.111 §7.3.2.3): service centre, destination.
    #[derive(Default)]
    SmsChanges {
        service_centre: Option<Address>, destination: Option<Address>, alpha: Option<AlphaIdentifier>,
    }
}

/// The card's answer to CALL CONTROL.
pub type CallControlAnswer = ControlAnswer<CallChanges>;

/// The card's answer to MO SHORT MESSAGE CONTROL.
pub type MoSmsControlAnswer = ControlAnswer<SmsChanges>;

/// The data that the card answers a control envelope with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlAnswer<T> {
    /// What the card decided.
    pub result: ControlResult,
    /// What it changes; with other results than "allowed with modifications", an alpha identifier at most.
    pub changes: T,
    /// Objects beyond those, that need not be understood.
    pub unknown: Vec<Unknown>,
    /// How it was written, if it was read.
    pub form: Form,
}

impl<T: Objects + Default> ControlAnswer<T> {
    /// Its fields, in the standard's order.
    pub const FIELDS: &'static [FieldInfo] = T::FIELDS;

    /// Allowed as it is.
    #[must_use]
    pub fn allowed() -> Self {
        Self::new(ControlResult::ALLOWED, T::default())
    }

    /// Not allowed.
    #[must_use]
    pub fn not_allowed() -> Self {
        Self::new(ControlResult::NOT_ALLOWED, T::default())
    }

    /// Allowed with these changes.
    #[must_use]
    pub fn modified(changes: T) -> Self {
        Self::new(ControlResult::ALLOWED_WITH_MODIFICATIONS, changes)
    }

    /// The data of the response to ENVELOPE.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        tlv::write_tlv(self.result.0, &mut out, |out| {
            let mut objects = Outgoing::new(out);
            objects.extend(&self.changes);
            objects.unknown(&self.unknown);
            objects.finish(&self.form);
        });
        out
    }

    /// Reads the data of the response to ENVELOPE; none at all allows everything (TS 31.111 §7.3.1.6).
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Ok(Self::allowed());
        }
        let mut outer = Reader::new(bytes);
        let Tlv { tag, mut value } = Tlv::read(&mut outer, "call control result")?;
        outer.finish("call control result")?;
        let form = Form::of(value.clone());
        let mut unknown = Vec::new();
        let changes = T::read_objects(&mut value, &mut unknown)?;
        Ok(Self { result: ControlResult(tag), changes, unknown, form })
    }

    /// Calls `f` with the name of each field and every object in it, in the standard's order.
    pub fn each_object(&self, f: &mut dyn FnMut(&'static str, &dyn Object)) {
        self.changes.each_object(f);
    }

    fn new(result: ControlResult, changes: T) -> Self {
        Self { result, changes, unknown: Vec::new(), form: Form::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_data_allows_everything() {
        assert_eq!(CallControlAnswer::decode(&[]), Ok(CallControlAnswer::allowed()));
    }

    #[test]
    fn a_message_is_sent_through_another_centre_to_another_number() {
        let address = |digit| Address { ton_npi: 0x91, digits: alloc::vec![digit] };
        let changes =
            SmsChanges { service_centre: Some(address(0x21)), destination: Some(address(0x43)), alpha: None };
        let answer = MoSmsControlAnswer::modified(changes);
        let bytes = answer.encode();
        assert_eq!(bytes, [0x02, 0x08, 0x86, 0x02, 0x91, 0x21, 0x86, 0x02, 0x91, 0x43]);
        assert_eq!(MoSmsControlAnswer::decode(&bytes), Ok(answer));
    }
}
