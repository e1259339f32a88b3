//! What the card is, and the commands that it understands (TS 102 221 §10.1, TS 51.011 §9.2).

use oxisim_apdu::{Class, Command, Instruction};

/// What the card is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// A UICC, which has a USIM (TS 102 221, TS 31.102). One that also has a SIM of GSM is used as a UICC.
    #[default]
    Uicc,
    /// A SIM of GSM and nothing else (TS 51.011): it understands class `A0` only.
    Sim,
}

/// Octets of data that a command has room for.
pub(crate) const ROOM: usize = 255;

/// Octets of a directory's header, which STATUS answers with (TS 51.011 §9.2.1, §9.2.2).
const HEADER: usize = 22;

impl Platform {
    /// SELECT by file identifier. The card says what it has selected: file control parameters or a header.
    pub(crate) const fn select(self, identifier: &[u8]) -> Command<'_> {
        let p2 = match self {
            Self::Uicc => 0x04,
            Self::Sim => 0x00,
        };
        self.command(Instruction::SELECT, 0x00, p2).data(identifier).ne(256)
    }

    /// SELECT by application identifier, which only a UICC has.
    pub(crate) const fn select_application(self, aid: &[u8]) -> Command<'_> {
        self.command(Instruction::SELECT, 0x04, 0x04).data(aid).ne(256)
    }

    /// READ BINARY: the first `length` octets, 1 to 256.
    pub(crate) const fn read_binary(self, length: usize) -> Command<'static> {
        self.command(Instruction::READ_BINARY, 0x00, 0x00).ne(length)
    }

    /// READ RECORD: record `number`, of `length` octets, 1 to 256.
    pub(crate) const fn read_record(self, number: u8, length: usize) -> Command<'static> {
        self.command(Instruction::READ_RECORD, number, 0x04).ne(length)
    }

    /// UPDATE BINARY: from the first octet on.
    pub(crate) const fn update_binary(self, octets: &[u8]) -> Command<'_> {
        self.command(Instruction::UPDATE_BINARY, 0x00, 0x00).data(octets)
    }

    /// UPDATE RECORD: record `number`, the whole of it.
    pub(crate) const fn update_record(self, number: u8, octets: &[u8]) -> Command<'_> {
        self.command(Instruction::UPDATE_RECORD, number, 0x04).data(octets)
    }

    /// VERIFY PIN, VERIFY CHV. Without a value a UICC says how many attempts are left (TS 102 221 §11.1.9).
    pub(crate) const fn verify(self, reference: u8, value: &[u8]) -> Command<'_> {
        self.command(Instruction::VERIFY, 0x00, reference).data(value)
    }

    /// TERMINAL PROFILE.
    pub(crate) const fn terminal_profile(self, profile: &[u8]) -> Command<'_> {
        self.command(Instruction::TERMINAL_PROFILE, 0x00, 0x00).data(profile)
    }

    /// STATUS of proactive polling. A SIM always answers with the header of the current directory; a UICC can be
    /// spared it.
    pub(crate) const fn status(self) -> Command<'static> {
        match self {
            Self::Uicc => self.command(Instruction::STATUS, 0x00, 0x0C),
            Self::Sim => self.command(Instruction::STATUS, 0x00, 0x00).ne(HEADER),
        }
    }

    /// STATUS, which says that the application is initialised (TS 102 221 §11.1.2): only a UICC has applications.
    pub(crate) const fn initialised(self) -> Command<'static> {
        self.command(Instruction::STATUS, 0x01, 0x0C)
    }

    /// FETCH, of `length` octets, 1 to 256.
    pub(crate) const fn fetch(self, length: usize) -> Command<'static> {
        self.command(Instruction::FETCH, 0x00, 0x00).ne(length)
    }

    /// TERMINAL RESPONSE.
    pub(crate) const fn terminal_response(self, response: &[u8]) -> Command<'_> {
        self.command(Instruction::TERMINAL_RESPONSE, 0x00, 0x00).data(response)
    }

    /// ENVELOPE that the card takes without an answer.
    pub(crate) const fn envelope(self, envelope: &[u8]) -> Command<'_> {
        self.command(Instruction::ENVELOPE, 0x00, 0x00).data(envelope)
    }

    const fn command<'a>(self, instruction: Instruction, p1: u8, p2: u8) -> Command<'a> {
        let class = match (self, instruction) {
            (Self::Sim, _) => Class::GSM,
            (
                Self::Uicc,
                Instruction::STATUS
                | Instruction::TERMINAL_PROFILE
                | Instruction::FETCH
                | Instruction::TERMINAL_RESPONSE
                | Instruction::ENVELOPE,
            ) => Class::ETSI,
            (Self::Uicc, _) => Class::INTERINDUSTRY,
        };
        Command::new(class, instruction, p1, p2)
    }
}
