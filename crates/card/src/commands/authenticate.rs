//! AUTHENTICATE with an even instruction (TS 102 221 §11.1.16, TS 31.102 §7.1).

use alloc::vec::Vec;

use oxisim_apdu::{Command, Response, Status};

use super::respond;
use crate::{
    authentication::{Failure, GsmResponse, Keys, Rand},
    card::Powered,
    file::{FileId, LifeCycle},
    keys::SubscriberKey,
    pin::KeyReference,
};

/// AUTHENTICATE: answers the challenge to the application that the current directory belongs to, or to `DF_GSM`.
pub(super) fn authenticate(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let context = Context::of(command)?;
    let directory = card.session.channel.directory;
    match card.files.application_of(directory) {
        Some(application) => of_application(card, application, context, command),
        None if card.is_in_gsm(directory) => of_gsm(card, directory, context, command),
        None => Err(Status::CONDITIONS_NOT_SATISFIED),
    }
}

/// A security context (TS 31.102 §7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    Gsm,
    Umts,
    /// VGCS and VBS, or GBA: services n°57, n°58 and n°68, which this card does not have.
    Other,
}

impl Context {
    /// What P1 and P2 name: the context, with a key of the application. There are no keys of the whole card.
    const fn of(command: &Command<'_>) -> Result<Self, Status> {
        const OF_APPLICATION: u8 = 0x80;
        if command.p1 != 0 {
            return Err(Status::INCORRECT_P1_P2);
        }
        let context = match command.p2 & !OF_APPLICATION {
            0 => Self::Gsm,
            1 => Self::Umts,
            2 | 4 => Self::Other,
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        if command.p2 & OF_APPLICATION == 0 { Err(Status::REFERENCED_DATA_NOT_FOUND) } else { Ok(context) }
    }
}

/// Services of `EF_UST` (TS 31.102 §4.2.8).
mod service {
    pub(super) const GSM_ACCESS: u8 = 27;
    pub(super) const GSM_SECURITY_CONTEXT: u8 = 38;
}

/// The challenge to an application, whose PIN must be verified or disabled.
fn of_application(
    card: &mut Powered<'_>,
    application: FileId,
    context: Context,
    command: &Command<'_>,
) -> Result<Response, Status> {
    is_activated(card, application)?;
    card.require(application, pin(card, application))?;
    let key = card.keys.of(application).ok_or(Status::REFERENCED_DATA_NOT_FOUND)?;
    match context {
        Context::Umts if key.algorithm.has_umts() => umts(card, application, key, command),
        Context::Gsm if has_service(card, application, service::GSM_SECURITY_CONTEXT) => {
            respond(command, gsm_answer(&key.algorithm.gsm(&challenge(command.data)?)))
        }
        Context::Umts | Context::Gsm | Context::Other => Err(Status::SECURITY_CONTEXT_NOT_SUPPORTED),
    }
}

/// The challenge to `DF_GSM`, which has the GSM context only.
fn of_gsm(
    card: &Powered<'_>,
    directory: FileId,
    context: Context,
    command: &Command<'_>,
) -> Result<Response, Status> {
    card.require(directory, KeyReference::PIN_1)?;
    match context {
        Context::Gsm => respond(command, gsm_answer(&card.gsm_response(&challenge(command.data)?)?)),
        Context::Umts | Context::Other => Err(Status::SECURITY_CONTEXT_NOT_SUPPORTED),
    }
}

/// The UMTS context (TS 31.102 §7.1.1.1). A number is kept before it is answered, and not at all if the terminal
/// gives the answer no room.
fn umts(
    card: &mut Powered<'_>,
    application: FileId,
    key: &SubscriberKey,
    command: &Command<'_>,
) -> Result<Response, Status> {
    let (rand, rest) = field(command.data)?;
    let (autn, []) = field(rest)? else { return Err(Status::WRONG_LENGTH) };
    let rand = rand.try_into().map_err(|_| Status::WRONG_LENGTH)?;
    match key.algorithm.authenticate(&rand, autn, &key.numbers(card.memory)?) {
        Ok(accepted) => {
            let kc = has_service(card, application, service::GSM_ACCESS).then(|| accepted.keys.kc());
            let response = respond(command, umts_answer(&accepted.keys, kc))?;
            key.keep(card.memory, accepted.sqn)?;
            Ok(response)
        }
        Err(Failure::Synchronisation { auts }) => respond(command, resynchronisation(&auts)),
        Err(Failure::Mac) => Err(Status::AUTHENTICATION_ERROR),
        Err(Failure::Length) => Err(Status::WRONG_LENGTH),
        Err(Failure::ContextNotSupported) => Err(Status::SECURITY_CONTEXT_NOT_SUPPORTED),
    }
}

/// RES, CK, IK, and Kc for who has it, each after its length.
fn umts_answer(keys: &Keys, kc: Option<[u8; 8]>) -> Vec<u8> {
    const SUCCESS: u8 = 0xDB;
    let mut answer = Vec::from([SUCCESS]);
    for value in [&keys.res, &keys.ck, &keys.ik] {
        put(&mut answer, value);
    }
    if let Some(kc) = kc {
        put(&mut answer, &kc);
    }
    answer
}

/// AUTS, after its length.
fn resynchronisation(auts: &[u8]) -> Vec<u8> {
    const SYNCHRONISATION_FAILURE: u8 = 0xDC;
    let mut answer = Vec::from([SYNCHRONISATION_FAILURE]);
    put(&mut answer, auts);
    answer
}

/// SRES and Kc, each after its length.
fn gsm_answer(response: &GsmResponse) -> Vec<u8> {
    let mut answer = Vec::new();
    put(&mut answer, &response.sres);
    put(&mut answer, &response.kc);
    answer
}

/// Appends a value of less than 256 octets, its length first.
fn put(answer: &mut Vec<u8>, value: &[u8]) {
    answer.push(value.len() as u8);
    answer.extend_from_slice(value);
}

/// The value after its length, and what follows.
fn field(data: &[u8]) -> Result<(&[u8], &[u8]), Status> {
    let (&length, rest) = data.split_first().ok_or(Status::WRONG_LENGTH)?;
    rest.split_at_checked(length.into()).ok_or(Status::WRONG_LENGTH)
}

/// The challenge of the GSM context: RAND after its length, and nothing else.
fn challenge(data: &[u8]) -> Result<Rand, Status> {
    match field(data)? {
        (rand, []) => rand.try_into().map_err(|_| Status::WRONG_LENGTH),
        _ => Err(Status::WRONG_LENGTH),
    }
}

/// The PIN of an application: the first one that its FCP names (TS 102 221 §9.5.1), or PIN 1.
fn pin(card: &Powered<'_>, application: FileId) -> KeyReference {
    let named = card.files.directory(application).map_or(&[][..], |directory| &directory.pin_status);
    let is_application_pin = |key: &&KeyReference| matches!(key.0, 0x01..=0x08);
    named.iter().find(is_application_pin).copied().unwrap_or(KeyReference::PIN_1)
}

/// Whether the service table of a USIM says that it has a service.
fn has_service(card: &Powered<'_>, application: FileId, service: u8) -> bool {
    const EF_UST: u16 = 0x6F38;
    let table = card.files.child(application, EF_UST).and_then(|id| card.files.elementary(id));
    let bit = service - 1;
    table
        .and_then(|ef| card.memory.read(ef.body).get(usize::from(bit / 8)))
        .is_some_and(|octet| octet >> (bit % 8) & 1 == 1)
}

fn is_activated(card: &Powered<'_>, application: FileId) -> Result<(), Status> {
    match card.files.life_cycle(card.memory, application) {
        LifeCycle::Deactivated | LifeCycle::Terminated => Err(Status::CONDITIONS_NOT_SATISFIED),
        LifeCycle::Unknown | LifeCycle::Creation | LifeCycle::Initialisation | LifeCycle::Activated => Ok(()),
    }
}
