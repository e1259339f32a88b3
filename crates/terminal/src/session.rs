//! The proactive session: from the announcement of a command to the response to it (TS 102 223 §6.3).

use alloc::{boxed::Box, vec::Vec};

use oxisim_toolkit::{
    Answer, Proactive, Problem, TerminalResponse,
    codes::{CallControlProblem, GeneralResult, TerminalProblem},
    objects::{self, CommandDetails, RequestedAction},
};
use oxisim_wire::Instant;

use crate::{attempt::Attempt, icon, prompt::Prompt};

/// Where the proactive session stands.
#[derive(Debug, Default)]
pub(crate) enum Session {
    /// There is none.
    #[default]
    Ended,
    /// The card has announced a command of this length, 1 to 256.
    Announced(usize),
    /// FETCH is with the card.
    Fetching,
    /// A command is carried out.
    Executing(Job, Task),
    /// The response waits to be sent.
    Answered(Box<TerminalResponse>),
    /// TERMINAL RESPONSE is with the card.
    Responding,
}

impl Session {
    /// Whether no proactive command is under way.
    pub(crate) const fn is_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }
}

/// The command that is carried out.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    details: CommandDetails,
    /// The result if all goes well.
    success: objects::Outcome,
    /// What the card's control has made of it.
    pub(crate) change: Option<Change>,
    /// When it was begun.
    pub(crate) started: Instant,
}

impl Job {
    /// The job of a command; `success` is the result if all goes well, or else the usual one.
    pub(crate) fn new(
        details: CommandDetails,
        body: &Proactive,
        success: Option<objects::Outcome>,
        started: Instant,
    ) -> Self {
        let usual = || {
            if icon::is_in(body) {
                GeneralResult::PERFORMED_ICON_NOT_DISPLAYED
            } else {
                GeneralResult::PERFORMED_SUCCESSFULLY
            }
        };
        Self { details, success: success.unwrap_or_else(|| usual().into()), change: None, started }
    }

    pub(crate) const fn details(&self) -> &CommandDetails {
        &self.details
    }

    /// Bit `bit`, from 1, of the command qualifier.
    pub(crate) const fn qualifier(&self, bit: u8) -> bool {
        self.details.qualifier >> (bit - 1) & 1 == 1
    }

    /// The response: all went well.
    pub(crate) fn done(&self) -> Outcome {
        self.done_with(Answer::default())
    }

    /// The response: all went well, and this is the answer.
    pub(crate) fn done_with(&self, answer: Answer) -> Outcome {
        self.result_with(self.success.clone(), answer)
    }

    /// The response: all went well, and this is the additional information.
    pub(crate) fn done_saying(&self, additional: Vec<u8>) -> Outcome {
        self.result(objects::Outcome { additional, ..self.success.clone() })
    }

    /// The response: all went well, in this special way, unless another is wanted.
    pub(crate) fn done_as(&self, general: GeneralResult) -> Outcome {
        match self.success.general {
            GeneralResult::PERFORMED_SUCCESSFULLY => self.result(general),
            _ => self.done(),
        }
    }

    /// A response: a general result, a problem with what is known of it, or any result.
    pub(crate) fn result(&self, result: impl Into<objects::Outcome>) -> Outcome {
        self.result_with(result, Answer::default())
    }

    /// A response with an answer.
    pub(crate) fn result_with(&self, result: impl Into<objects::Outcome>, answer: Answer) -> Outcome {
        let (result, answer) = match &self.change {
            Some(change) => change.apply(result.into(), answer),
            None => (result.into(), answer),
        };
        Outcome::Respond(Box::new(TerminalResponse::new(self.details.clone(), result).with(answer)))
    }

    /// The response: the terminal cannot do it now, and why.
    pub(crate) fn unable(&self, problem: TerminalProblem) -> Outcome {
        self.result(Problem::Terminal(problem))
    }
}

/// What the card's control has made of the command that is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Something else of the same type is done.
    Data,
    /// Something of another type is done: these objects of the card's answer.
    Type(Vec<u8>),
}

impl Change {
    /// Result and answer of a command that was changed. If another type of request was made of it, its own result comes
    /// second, and the first says how it went (TS 31.111 §7.3.1.1).
    fn apply(&self, result: objects::Outcome, answer: Answer) -> (objects::Outcome, Answer) {
        let general = result.general;
        let Self::Type(action) = self else {
            let is_done = general.is_performed();
            let modified = GeneralResult::PERFORMED_MODIFIED_BY_CALL_CONTROL;
            return (
                objects::Outcome { general: if is_done { modified } else { general }, ..result },
                answer,
            );
        };
        let changed = CallControlProblem::TYPE_OF_REQUEST_CHANGED;
        let first = match general.0 {
            0x00..=0x1F => GeneralResult::PERFORMED_MODIFIED_BY_CALL_CONTROL.into(),
            0x20..=0x2F => Problem::CallControlForNow(changed).into(),
            0x30.. => Problem::CallControl(changed).into(),
        };
        let answer = Answer {
            control_action: Some(RequestedAction { action: action.clone() }),
            second_result: Some(result),
            second_text: answer.text,
            text: None,
            ..answer
        };
        (first, answer)
    }
}

/// What carrying out a command led to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The card can be answered.
    Respond(Box<TerminalResponse>),
    /// Something has to happen first.
    Wait(Task),
    /// The card is reset, which ends the session without a response.
    Reset,
}

/// What has to happen before the card can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The user answers.
    Ask(Prompt),
    /// A text has been there for long enough, or a tone has sounded.
    Notice,
    /// The message has been sent.
    Message,
    /// The user says whether the call may be set up.
    ConfirmCall(Box<oxisim_toolkit::command::SetUpCall>),
    /// The call is connected.
    Call(crate::CallId),
    /// A call that has failed with this cause is tried again.
    Redial { cause: Option<u8> },
    /// The network has answered the supplementary service operation.
    Service,
    /// The network has answered USSD.
    Ussd,
    /// The card says whether this may be asked of the network.
    Control {
        attempt: Box<Attempt>,
        /// The result, if the user has ended it since.
        ended: Option<GeneralResult>,
    },
    /// The card in this reader has answered.
    Reader(u8),
    /// The user says whether the channel may be opened.
    ConfirmChannel(Box<oxisim_toolkit::command::OpenChannel>),
    /// The channel has its link.
    OpenChannel { number: u8, reduced: bool, answer: Box<Answer> },
    /// The channel has its link, so that data can be sent.
    SendData(u8),
    /// The USIM has been started again.
    Initialisation,
}
