//! What the phone asks of the network beyond short messages, and what the network says.

use alloc::{string::String, vec::Vec};

use oxisim_sms::Address;
use oxisim_toolkit::objects::{
    BcRepeatIndicator, CapabilityConfiguration, FileList, GadShapes, GeographicalParameters,
    MultimediaIdentifier, MultimediaReference, MultimediaStatus, NmeaSentence, Subaddress, TextString,
    UssdString,
};

/// A call, by its transaction identifier (TS 24.007 §11.2.3.1.3): whoever sets a call up has seven to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// The identifier, 0 to 6.
    pub transaction: u8,
    /// Whether the network has set the call up.
    pub is_incoming: bool,
}

impl CallId {
    /// As a transaction identifier object has it (TS 31.111 §8.28): bit 8 says that the message that is spoken of
    /// goes to the side that has set the call up.
    pub(crate) const fn octet(self, from_network: bool) -> u8 {
        let flag = from_network != self.is_incoming;
        self.transaction << 4 | (flag as u8) << 7
    }
}

/// What a call is set up with beside the number (TS 24.008 §9.3.23). What is `None` is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallParameters {
    /// The bearer; `None` for speech.
    pub capability: Option<CapabilityConfiguration>,
    /// The called party's subaddress.
    pub subaddress: Option<Subaddress>,
    /// Another bearer, which takes turns with the first.
    pub second_capability: Option<CapabilityConfiguration>,
    /// How they take turns.
    pub repeat: Option<BcRepeatIndicator>,
}

/// What the network is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkRequest {
    /// Set up a call; its progress comes as [`NetworkEvent::Connected`] or [`NetworkEvent::Disconnected`].
    Call {
        /// The call.
        call: CallId,
        /// The number. Tones that belong to it are asked for once it is connected.
        number: Address,
        /// What is said of it beside the number.
        parameters: CallParameters,
    },
    /// Connect a call that came in.
    Answer(CallId),
    /// Put a call on hold.
    Hold(CallId),
    /// End a call, or its setting up. The network does not answer this.
    Disconnect(CallId),
    /// Send tones on the call that is connected: `0` to `9`, `*`, `#`, and `P` for a pause (TS 102 223 §8.44).
    Dtmf(String),
    /// A supplementary service operation, which is answered with [`NetworkEvent::Service`]. One is outstanding at
    /// most, of these and USSD together.
    Service(Address),
    /// Unstructured supplementary service data, answered with [`NetworkEvent::Ussd`].
    Ussd(TextString),
    /// Answer [`NetworkEvent::UssdRequest`]: a string, or a return error.
    UssdAnswer(Option<UssdString>),
    /// Find out where the phone is, as nearly and as soon as this says (TS 31.111 §8.94); answered with
    /// [`NetworkEvent::Position`].
    Locate(Option<GeographicalParameters>),
    /// Fetch the multimedia message with this reference from its centre, for the card's files; answered with
    /// [`NetworkEvent::Multimedia`], one after another.
    RetrieveMultimedia(Multimedia),
    /// Send the multimedia message that is in the card's files to its centre; answered with
    /// [`NetworkEvent::Multimedia`], one after another.
    SubmitMultimedia(Multimedia),
}

/// A multimedia message of the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multimedia {
    /// Where the centre has it (TS 102 223 §8.82); nothing in a message that the card sends.
    pub reference: Option<MultimediaReference>,
    /// The file of the card that holds it, or is to.
    pub files: FileList,
    /// Which of the messages in that file it is.
    pub identifier: Option<MultimediaIdentifier>,
}

/// Where the phone is, in one way, in both, or not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// As a shape (TS 23.032).
    pub shape: Option<GadShapes>,
    /// As a sentence of a receiver of satellites (NMEA 0183).
    pub sentence: Option<NmeaSentence>,
}

/// What the network says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkEvent {
    /// Somebody calls.
    Incoming {
        /// The call.
        call: CallId,
        /// Who; `None` if that is withheld.
        number: Option<Address>,
    },
    /// The other side has taken the call.
    Connected(CallId),
    /// The call has ended, or could not be set up.
    Disconnected {
        /// The call.
        call: CallId,
        /// The cause (TS 24.008 §10.5.4.11), 0 to 127; `None` if the radio link has failed.
        cause: Option<u8>,
    },
    /// What became of a supplementary service operation: the octets of the return result, its operation code first.
    Service(Result<Vec<u8>, ServiceError>),
    /// The network's answer to USSD.
    Ussd(Result<TextString, ServiceError>),
    /// The network asks something by USSD, answered with [`NetworkRequest::UssdAnswer`]. One is outstanding at most.
    UssdRequest(UssdString),
    /// Where the phone is.
    Position(Position),
    /// What became of the oldest multimedia message on its way: the status of the response (TS 102 223 §8.84).
    Multimedia(MultimediaStatus),
    /// A multimedia message waits at its centre: the notification of it.
    MultimediaNotification(Vec<u8>),
}

/// Why a supplementary service operation or USSD has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// A return error (TS 24.080 §3.6.6).
    #[error("return error {0:#04X}")]
    Return(u8),
    /// The network cannot do it now.
    #[error("the network cannot do this now, cause {cause:?}")]
    Network {
        /// The cause, 0 to 127 (TS 24.008); `None` for no specific one.
        cause: Option<u8>,
    },
}
