//! The instruction byte.

oxisim_wire::codes! {
    /// An instruction of TS 102 221 §10.1.2, TS 102 222, TS 31.102 or TS 51.011 §9.2.
    pub struct Instruction(u8) {
        /// DEACTIVATE FILE, INVALIDATE in class `A0`.
        DEACTIVATE_FILE = 0x04,
        TERMINAL_PROFILE = 0x10,
        FETCH = 0x12,
        TERMINAL_RESPONSE = 0x14,
        /// VERIFY PIN.
        VERIFY = 0x20,
        /// CHANGE PIN.
        CHANGE_PIN = 0x24,
        DISABLE_PIN = 0x26,
        ENABLE_PIN = 0x28,
        UNBLOCK_PIN = 0x2C,
        INCREASE = 0x32,
        /// ACTIVATE FILE, REHABILITATE in class `A0`.
        ACTIVATE_FILE = 0x44,
        MANAGE_CHANNEL = 0x70,
        MANAGE_SECURE_CHANNEL = 0x73,
        TRANSACT_DATA = 0x75,
        SUSPEND_UICC = 0x76,
        GET_IDENTITY = 0x78,
        EXCHANGE_CAPABILITIES = 0x7A,
        GET_CHALLENGE = 0x84,
        /// AUTHENTICATE, RUN GSM ALGORITHM in class `A0`.
        AUTHENTICATE = 0x88,
        /// AUTHENTICATE with data in BER-TLV.
        AUTHENTICATE_TLV = 0x89,
        /// SEARCH RECORD, SEEK in class `A0`.
        SEARCH_RECORD = 0xA2,
        SELECT = 0xA4,
        TERMINAL_CAPABILITY = 0xAA,
        READ_BINARY = 0xB0,
        READ_RECORD = 0xB2,
        GET_RESPONSE = 0xC0,
        ENVELOPE = 0xC2,
        RETRIEVE_DATA = 0xCB,
        RESIZE_FILE = 0xD4,
        UPDATE_BINARY = 0xD6,
        SET_DATA = 0xDB,
        UPDATE_RECORD = 0xDC,
        CREATE_FILE = 0xE0,
        DELETE_FILE = 0xE4,
        TERMINATE_DF = 0xE6,
        TERMINATE_EF = 0xE8,
        STATUS = 0xF2,
        /// SLEEP of class `A0`, obsolete.
        SLEEP = 0xFA,
        TERMINATE_CARD_USAGE = 0xFE,
    }
}
