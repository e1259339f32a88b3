//! What the runner asks of its host, what it is answered, and what it tells.

use alloc::{string::String, vec::Vec};

use oxisim_apdu::Status;
use oxisim_toolkit::codes::GeneralResult;
use oxisim_wire::Duration;

use crate::{
    pattern::{Pattern, StatusPattern},
    source::{Mistake, Span},
    syntax::Inserted,
};

/// What the runner has for its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Something to be done; the answer goes to [`Runner::handle_answer`](crate::Runner::handle_answer). One is
    /// outstanding at most.
    Ask(Request),
    /// Something to be known.
    Tell(Event),
}

/// What the host is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Send this command APDU: [`Answer::Response`].
    Exchange(Vec<u8>),
    /// Reset the card, or switch it on: [`Answer::AnswerToReset`].
    Reset,
    /// Switch the card off: [`Answer::Done`].
    PowerOff,
    /// Put a card into the slot: [`Answer::Done`].
    Insert(Inserted),
    /// Take the card out of the slot: [`Answer::Done`].
    Eject,
    /// Let time pass: [`Answer::Done`].
    Wait(Duration),
    /// Let the card lose power after so many more writes to its memory: [`Answer::Done`].
    Tear(u64),
    /// Let the phone that stands before the card do this: [`Answer::Asked`].
    Phone(Phone),
}

/// What the phone is to do. It goes on until nothing happens by itself any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phone {
    /// Start, and tell the card this profile, or its own.
    SwitchOn(Option<Vec<u8>>),
    /// The user chooses this item of the card's menu.
    SelectMenu(u8),
    /// The user answers.
    Answer(Input),
    /// This SMS-DELIVER comes, in its parts.
    Deliver(Vec<Vec<u8>>),
    /// So much time passes.
    Wait(Duration),
    /// The user reads what is shown, and clears it.
    Clear,
}

/// What the user of a phone answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// That it is seen.
    Done,
    /// Yes, or no.
    YesNo(bool),
    /// A text, or an item of a list by its text.
    Text(String),
    /// An item of a list.
    Item(u8),
    /// One step back.
    Back,
    /// The end of what the card does.
    End,
    /// Nothing.
    Nothing,
    /// That help is wanted.
    Help,
    /// Whatever it takes for the phone to tell the card this result, with additional information.
    Result(GeneralResult, Vec<u8>),
}

/// What the host answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The response APDU.
    Response(Vec<u8>),
    /// The answer to reset.
    AnswerToReset(Vec<u8>),
    /// It is done.
    Done,
    /// What the phone has asked of the card meanwhile: commands and their responses.
    Asked(Vec<(Vec<u8>, Vec<u8>)>),
    /// It cannot be done with this card, and why; the script ends.
    Impossible(String),
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The card was reset.
    Reset {
        /// The statement.
        span: Span,
        /// Who wanted it.
        by: By,
        /// The answer to reset.
        answer: Vec<u8>,
    },
    /// A command went to the card.
    Exchanged {
        /// The statement.
        span: Span,
        /// Who put the command together.
        by: By,
        /// The command APDU.
        command: Vec<u8>,
        /// The response APDU.
        response: Vec<u8>,
    },
    /// An expectation has come true.
    Passed(Span),
    /// An expectation has not come true, or the script cannot go on.
    Failed(Failure),
    /// A proactive command was the expected one, and nothing was expected of its text.
    Shown {
        /// The statement.
        span: Span,
        /// Its text, as a script has it.
        text: String,
    },
    /// The script says something.
    Said(String),
    /// The script wants to know what octets are.
    Decode {
        /// The statement.
        span: Span,
        /// The octets; or a command, and its response.
        octets: Vec<Vec<u8>>,
    },
}

/// Who put a command together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The script, and nothing is expected of the response.
    Script,
    /// The script, and something is expected.
    Expecting,
    /// A verb, or the guard, which asks how many attempts are left.
    Verb,
}

/// What has gone wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The expectation, or the statement.
    pub span: Span,
    /// Where the procedures were called in which it stands, the outermost first.
    pub calls: Vec<Span>,
    /// What has gone wrong.
    pub what: Wrong,
}

/// What has gone wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Other data came.
    Data {
        /// What was expected.
        expected: Pattern,
        /// What came.
        got: Vec<u8>,
        /// The command and its response, or the proactive command.
        octets: Vec<Vec<u8>>,
    },
    /// Another status word came.
    Status {
        /// What was expected.
        expected: Vec<StatusPattern>,
        /// What came.
        got: Status,
        /// The command and its response.
        octets: Vec<Vec<u8>>,
    },
    /// The card has asked for something else, or said something else.
    Proactive {
        /// What was expected.
        expected: String,
        /// What came.
        got: String,
        /// What would have come true at that place, as a script has it, if it can be said.
        instead: Option<String>,
        /// The proactive command, if one came.
        octets: Vec<u8>,
    },
    /// A proactive command breaks a rule.
    Illegal {
        /// Which, and its clause.
        why: String,
        /// The proactive command.
        octets: Vec<u8>,
    },
    /// The script is wrong, and ends.
    Mistake(Mistake),
    /// The script cannot go on, and ends.
    Stopped(String),
}

impl Wrong {
    /// Whether the script ends with it.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Mistake(_) | Self::Stopped(_))
    }
}
