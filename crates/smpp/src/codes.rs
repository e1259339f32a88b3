//! Code points of SMPP: which operation, with which result, and what is known of a message.

use oxisim_wire::codes;

codes! {
    /// Which PDU it is (SMPP 5.0 §4.7.5). Bit 32 says that it is a response.
    pub struct CommandId(u32) {
        /// Answers a PDU that has no response of its own.
        GENERIC_NACK = 0x8000_0000,
        /// An ESME wants to receive.
        BIND_RECEIVER = 0x0000_0001,
        /// Its response.
        BIND_RECEIVER_RESP = 0x8000_0001,
        /// An ESME wants to send.
        BIND_TRANSMITTER = 0x0000_0002,
        /// Its response.
        BIND_TRANSMITTER_RESP = 0x8000_0002,
        /// Asks for a message's state.
        QUERY_SM = 0x0000_0003,
        /// Its response.
        QUERY_SM_RESP = 0x8000_0003,
        /// A message from an ESME.
        SUBMIT_SM = 0x0000_0004,
        /// Its response.
        SUBMIT_SM_RESP = 0x8000_0004,
        /// A message to an ESME.
        DELIVER_SM = 0x0000_0005,
        /// Its response.
        DELIVER_SM_RESP = 0x8000_0005,
        /// Ends a session.
        UNBIND = 0x0000_0006,
        /// Its response.
        UNBIND_RESP = 0x8000_0006,
        /// Replaces a message that waits.
        REPLACE_SM = 0x0000_0007,
        /// Its response.
        REPLACE_SM_RESP = 0x8000_0007,
        /// Deletes a message that waits.
        CANCEL_SM = 0x0000_0008,
        /// Its response.
        CANCEL_SM_RESP = 0x8000_0008,
        /// An ESME wants to send and to receive.
        BIND_TRANSCEIVER = 0x0000_0009,
        /// Its response.
        BIND_TRANSCEIVER_RESP = 0x8000_0009,
        /// An SMS centre asks an ESME to bind.
        OUTBIND = 0x0000_000B,
        /// Is the other side there?
        ENQUIRE_LINK = 0x0000_0015,
        /// Its response.
        ENQUIRE_LINK_RESP = 0x8000_0015,
        /// A message to many.
        SUBMIT_MULTI = 0x0000_0021,
        /// Its response.
        SUBMIT_MULTI_RESP = 0x8000_0021,
        /// A phone can be reached again; has no response.
        ALERT_NOTIFICATION = 0x0000_0102,
        /// A message in either direction.
        DATA_SM = 0x0000_0103,
        /// Its response.
        DATA_SM_RESP = 0x8000_0103,
    }
}

impl CommandId {
    /// Whether it is a response.
    #[must_use]
    pub const fn is_response(self) -> bool {
        self.0 & RESPONSE != 0
    }

    /// The response of a request.
    #[must_use]
    pub const fn response(self) -> Self {
        Self(self.0 | RESPONSE)
    }
}

const RESPONSE: u32 = 0x8000_0000;

codes! {
    /// How a request went (SMPP 5.0 §4.7.6). The names are the standard's, without `ESME_R`.
    pub struct CommandStatus(u32) {
        /// No error.
        OK = 0x0000_0000,
        /// The message is too long.
        INVMSGLEN = 0x0000_0001,
        /// The PDU's length is wrong.
        INVCMDLEN = 0x0000_0002,
        /// The PDU is unknown, or not supported.
        INVCMDID = 0x0000_0003,
        /// The PDU does not fit the state of the session.
        INVBNDSTS = 0x0000_0004,
        /// The session is bound already.
        ALYBND = 0x0000_0005,
        /// The priority is wrong.
        INVPRTFLG = 0x0000_0006,
        /// What receipts are asked for is wrong.
        INVREGDLVFLG = 0x0000_0007,
        /// A fault of the system.
        SYSERR = 0x0000_0008,
        /// The source address is wrong.
        INVSRCADR = 0x0000_000A,
        /// The destination address is wrong.
        INVDSTADR = 0x0000_000B,
        /// The message id is wrong.
        INVMSGID = 0x0000_000C,
        /// The bind is refused.
        BINDFAIL = 0x0000_000D,
        /// The password is wrong.
        INVPASWD = 0x0000_000E,
        /// The system id is wrong.
        INVSYSID = 0x0000_000F,
        /// The message cannot be deleted.
        CANCELFAIL = 0x0000_0011,
        /// The message cannot be replaced.
        REPLACEFAIL = 0x0000_0013,
        /// Too many messages wait.
        MSGQFUL = 0x0000_0014,
        /// The service type is wrong.
        INVSERTYP = 0x0000_0015,
        /// The `esm_class` is wrong.
        INVESMCLASS = 0x0000_0043,
        /// The message is not taken.
        SUBMITFAIL = 0x0000_0045,
        /// The source's type of number is wrong.
        INVSRCTON = 0x0000_0048,
        /// The source's numbering plan is wrong.
        INVSRCNPI = 0x0000_0049,
        /// The destination's type of number is wrong.
        INVDSTTON = 0x0000_0050,
        /// The destination's numbering plan is wrong.
        INVDSTNPI = 0x0000_0051,
        /// The system type is wrong.
        INVSYSTYP = 0x0000_0053,
        /// More messages than the ESME may send.
        THROTTLED = 0x0000_0058,
        /// The time of delivery is wrong.
        INVSCHED = 0x0000_0061,
        /// The validity period is wrong.
        INVEXPIRY = 0x0000_0062,
        /// The ESME cannot take the message now.
        X_T_APPN = 0x0000_0064,
        /// The ESME takes no message of this destination.
        X_P_APPN = 0x0000_0065,
        /// The ESME does not take this message.
        X_R_APPN = 0x0000_0066,
        /// It cannot be said what has become of the message.
        QUERYFAIL = 0x0000_0067,
        /// The optional part is not what it should be.
        INVTLVSTREAM = 0x0000_00C0,
        /// An optional parameter must not stand here.
        TLVNOTALLWD = 0x0000_00C1,
        /// An optional parameter has a wrong length.
        INVTLVLEN = 0x0000_00C2,
        /// An optional parameter is missing.
        MISSINGTLV = 0x0000_00C3,
        /// An optional parameter has a wrong value.
        INVTLVVAL = 0x0000_00C4,
        /// The message could not be delivered.
        DELIVERYFAILURE = 0x0000_00FE,
        /// An unknown error.
        UNKNOWNERR = 0x0000_00FF,
        /// The operation is forbidden to this ESME.
        PROHIBITED = 0x0000_0101,
        /// The data coding is wrong.
        INVDCS = 0x0000_0104,
    }
}

impl CommandStatus {
    /// Whether the other side asks for fewer messages: the same message may be sent again, later.
    #[must_use]
    pub const fn is_throttling(self) -> bool {
        matches!(self, Self::THROTTLED | Self::MSGQFUL)
    }

    /// Whether the same message may be taken at another time.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        self.is_throttling() || matches!(self, Self::SYSERR | Self::X_T_APPN)
    }
}

codes! {
    /// Tag of an optional parameter (SMPP 5.0 §4.8.4).
    pub struct Tag(u16) {
        /// `receipted_message_id`.
        RECEIPTED_MESSAGE_ID = 0x001E,
        /// `user_message_reference`.
        USER_MESSAGE_REFERENCE = 0x0204,
        /// `sc_interface_version`.
        SC_INTERFACE_VERSION = 0x0210,
        /// `dpf_result`.
        DPF_RESULT = 0x0420,
        /// `set_dpf`.
        SET_DPF = 0x0421,
        /// `ms_availability_status`.
        MS_AVAILABILITY_STATUS = 0x0422,
        /// `network_error_code`.
        NETWORK_ERROR_CODE = 0x0423,
        /// `message_payload`.
        MESSAGE_PAYLOAD = 0x0424,
        /// `message_state`.
        MESSAGE_STATE = 0x0427,
        /// `congestion_state`.
        CONGESTION_STATE = 0x0428,
    }
}

codes! {
    /// What has become of a message (SMPP 5.0 §4.7.15).
    pub struct MessageState(u8) {
        /// It will be sent later.
        SCHEDULED = 0x00,
        /// It is on its way.
        ENROUTE = 0x01,
        /// It has arrived.
        DELIVERED = 0x02,
        /// Its validity period is over.
        EXPIRED = 0x03,
        /// It has been deleted.
        DELETED = 0x04,
        /// It cannot be delivered.
        UNDELIVERABLE = 0x05,
        /// Somebody else has taken it.
        ACCEPTED = 0x06,
        /// Nothing is known of it.
        UNKNOWN = 0x07,
        /// It has been rejected.
        REJECTED = 0x08,
        /// It has been skipped.
        SKIPPED = 0x09,
    }
}

impl MessageState {
    /// Whether nothing else will become of the message.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::SCHEDULED | Self::ENROUTE)
    }
}

codes! {
    /// Version of the protocol (SMPP 5.0 §4.7.13). Older ones than 3.4 have no optional parameters.
    pub struct Version(u8) {
        /// SMPP 3.3.
        V3_3 = 0x33,
        /// SMPP 3.4.
        V3_4 = 0x34,
        /// SMPP 5.0.
        V5_0 = 0x50,
    }
}

impl Version {
    /// Whether there are optional parameters.
    #[must_use]
    pub const fn has_tlvs(self) -> bool {
        self.0 >= Self::V3_4.0
    }
}
