//! The syntax tree that all dialects are read into.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use oxisim_apdu::Class;
use oxisim_toolkit::{CommandType, codes::GeneralResult};
use oxisim_wire::Duration;

use crate::{pattern::StatusPattern, source::Span};

/// A whole script, with what it includes.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The virtual card that it says it is for.
    pub card: Option<Declared>,
    /// What it does.
    pub statements: Vec<Statement>,
    /// What can be called, by name.
    pub procedures: BTreeMap<String, Procedure>,
}

/// What `card` declares: the virtual card that a script is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Where it stands.
    pub span: Span,
    /// The file of the card; the built-in one, if none is named.
    pub file: Option<String>,
    /// Its applets; those that it has anyway, if none is named.
    pub applets: Vec<String>,
    /// The file of the contacts that are in its phonebook.
    pub contacts: Option<String>,
    /// The number of the built-in one's subscriber.
    pub number: Option<String>,
    /// Whether the built-in one wants to be asked about calls and messages.
    pub control: bool,
}

/// What `proc` declares.
#[derive(Clone, Debug)]
pub struct Procedure {
    /// The names of its arguments.
    pub parameters: Vec<Name>,
    /// What it does.
    pub body: Vec<Statement>,
}

/// One step, with what is expected of its response.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Where it stands, without its expectations.
    pub span: Span,
    /// What it does.
    pub step: Step,
    /// What is expected.
    pub expected: Expected,
}

/// What is expected of a response.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Of its data, or of the octets that a verb is about: `[…]`, with its brackets.
    pub data: Option<Data>,
    /// Of its status word: `(…)`, with its brackets.
    pub status: Option<Statuses>,
}

/// Status words, of which one must come.
#[derive(Clone, Debug)]
pub struct Statuses {
    /// Where they stand.
    pub span: Span,
    /// The words.
    pub words: Vec<StatusPattern>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends a command APDU.
    Send(Data),
    /// Resets the card.
    Reset,
    /// Switches the card on, or off.
    Power(bool),
    /// Puts a card into the slot, and switches it on.
    Insert(Inserted),
    /// Takes the card out.
    Eject,
    /// Lets time pass.
    Wait(Duration),
    /// Takes power away after so many more writes to the card's memory.
    Tear(u64),
    /// Sends the commands that follow on this logical channel.
    Channel(Channel),
    /// Gives a variable a value.
    Set(Name, Data),
    /// Says something.
    Echo(Vec<Said>),
    /// Does the same several times.
    Repeat {
        /// How often.
        times: u32,
        /// The variable that counts, from 1.
        counter: Option<Name>,
        /// What.
        body: Vec<Statement>,
    },
    /// Does one thing or another, as the last status word is.
    If {
        /// The words.
        words: Statuses,
        /// What, if it is one of them.
        then: Vec<Statement>,
        /// What, if it is not.
        otherwise: Vec<Statement>,
    },
    /// Does what stands in another text.
    Include(Vec<Statement>),
    /// Does what a procedure says.
    Call {
        /// The procedure.
        name: Name,
        /// What its parameters are.
        arguments: Vec<Data>,
    },
    /// Ends the script.
    Exit,
    /// TERMINAL PROFILE, and every proactive command until the session ends.
    Init {
        /// What the terminal can do; everything, if nothing is said.
        profile: Option<Data>,
        /// The class that is tried first: that of a UICC, or that of a SIM of GSM.
        class: Class,
    },
    /// The next proactive command is this.
    Expect(Expect),
    /// The user chooses from the card's menu.
    SelectMenu(Choice),
    /// The proactive command is answered.
    Answer(Reply),
    /// A message comes for the card.
    SendSms(Sms),
    /// Says what octets are: these, or the last command and its response.
    Decode(Option<Data>),
    /// A proactive command keeps the rules: these octets, or the one that waits for its answer, if one does.
    Legal(Option<Data>),
}

/// Which card is put into the slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The one that was there.
    Same,
    /// The virtual card of a file.
    File {
        /// Its path; it begins where the text is that says it.
        path: String,
        /// Where it stands.
        span: Span,
    },
    /// The built-in virtual card, new, with these applets.
    With(Vec<String>),
}

/// A word of the script's own: a variable or a procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Where it stands.
    pub span: Span,
    /// The word.
    pub text: String,
}

/// Octets, or a pattern of octets.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// Where they stand.
    pub span: Span,
    /// The parts, one behind the other.
    pub parts: Vec<Part>,
}

/// A part of octets.
#[derive(Clone, Debug)]
pub enum Part {
    /// These.
    Octets(Vec<u8>),
    /// An octet of which some bits count.
    Masked {
        /// The bits.
        value: u8,
        /// Those that count.
        mask: u8,
    },
    /// Any octets, or none: `..`.
    Any,
    /// Octets that become the value of a variable: `<name>`, `<name:4>`.
    Capture {
        /// The variable.
        name: Name,
        /// How many octets; any number if nothing is said.
        length: Option<usize>,
    },
    /// The value of a variable: `$name`.
    Variable(Name),
    /// Octets, with their length before them.
    Length(LengthForm, Box<Data>),
}

/// How a length is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthForm {
    /// As Lc (ISO/IEC 7816-3 §12.1.3): one octet, three if it is over 255. `#(…)`
    Lc,
    /// As in BER-TLV (ISO/IEC 7816-4 §5.2.2.2). `##(…)`
    Ber,
}

/// What `echo` says.
#[derive(Clone, Debug)]
pub enum Said {
    /// A text.
    Text(String),
    /// Octets, in hexadecimal digits.
    Data(Data),
}

/// What is done about logical channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Commands go on this one.
    Use(u8),
    /// The card opens another (MANAGE CHANNEL), and commands go on it.
    Open,
    /// The card closes this one, or that which commands go on, and commands go on the basic one.
    Close(Option<u8>),
}

/// What a proactive command is to be.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Which.
    pub what: What,
    /// What is to be in it.
    pub clauses: Vec<Clause>,
}

/// Which proactive command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One of this type.
    Command(CommandType),
    /// SEND SHORT MESSAGE, of which the message counts.
    Sms,
    /// None: the session has ended.
    Nothing,
}

/// What is to be in a proactive command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Where it stands.
    pub span: Span,
    /// What of the command.
    pub kind: ClauseKind,
    /// The text.
    pub text: String,
}

/// What of a proactive command is compared with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClauseKind {
    /// Its text: what it displays, asks, or says.
    Text,
    /// A part of its text.
    Containing,
    /// One of its items.
    Item,
    /// The number that it is about.
    To,
}

/// An item of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// By its text.
    Text(String),
    /// By its identifier.
    Identifier(u8),
}

/// What a proactive command is answered with.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It was done.
    Done,
    /// Yes, or no (GET INKEY).
    YesNo(bool),
    /// A text; or an item, by its text.
    Text(String),
    /// An item, by its identifier.
    Item(u8),
    /// A result, with additional information.
    Result(GeneralResult, Option<Data>),
}

/// A message for the card.
#[derive(Clone, Debug)]
pub struct Sms {
    /// What it says.
    pub content: SmsContent,
    /// From whom.
    pub from: Option<Clause>,
}

/// What a message for the card says.
#[derive(Clone, Debug)]
pub enum SmsContent {
    /// A text.
    Text(String),
    /// User data of 8 bits.
    Data(Data),
    /// The whole TPDU.
    Tpdu(Data),
}

impl Step {
    /// Whether there is something of which data can be expected.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.has_status()
            || matches!(self, Self::Reset | Self::Power(true) | Self::Insert(_) | Self::Expect(_))
    }

    /// Whether it is of the toolkit, and sends the card something.
    #[must_use]
    pub const fn is_of_toolkit(&self) -> bool {
        matches!(self, Self::Init { .. } | Self::SelectMenu(_) | Self::Answer(_) | Self::SendSms(_))
    }

    /// Whether a response APDU comes of it, of which a status word can be expected. An answer to reset has none, and
    /// neither has a proactive command.
    #[must_use]
    pub const fn has_status(&self) -> bool {
        matches!(
            self,
            Self::Send(_)
                | Self::Channel(Channel::Open | Channel::Close(_))
                | Self::Init { .. }
                | Self::SelectMenu(_)
                | Self::Answer(_)
                | Self::SendSms(_)
        )
    }
}
