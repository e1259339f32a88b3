//! Whether what a verb has done came true.

use alloc::{format, vec::Vec};

use oxisim_apdu::Instruction;

use crate::{
    outcome::Wrong,
    runner::Runner,
    syntax::{Sms, SmsContent, Statement, Step},
    verbs::ANSWERABLE,
};

impl<'a> Runner<'a> {
    /// Compares the last response with what is expected.
    pub(crate) fn judge_last(&mut self, statement: &'a Statement) {
        if statement.step.is_of_toolkit() && !self.is_taken(statement) {
            return;
        }
        if statement.expected.data.is_none() && statement.expected.status.is_none() {
            return;
        }
        let Some((command, response)) = self.last.take() else {
            let expected = &statement.expected;
            let span = expected.data.as_ref().map(|data| data.span);
            let span = span.or_else(|| expected.status.as_ref().map(|status| status.span));
            let why = "the phone has sent the card nothing of which this could be expected";
            return self.fail(span.unwrap_or(statement.span), Wrong::Stopped(why.into()));
        };
        let data = response.get(..response.len().saturating_sub(2)).unwrap_or_default().to_vec();
        let octets = [command.clone(), response.clone()];
        self.last = Some((command, response));
        self.judge(statement, &data, &octets);
    }

    /// Whether the card has taken what a verb has sent it, or the script says what its status word is to be. If neither is
    /// so, that is told as a failure.
    pub(crate) fn is_taken(&mut self, statement: &'a Statement) -> bool {
        if statement.expected.status.is_some() {
            return true;
        }
        let Some((command, _)) = &self.last else {
            let why = match statement.step {
                Step::Init { .. } => "the phone has not told the card what it can do",
                Step::SelectMenu(_) => "the phone has not told the card of the choice",
                // A whole TPDU may be for the phone itself.
                Step::SendSms(Sms { content: SmsContent::Text(_) | SmsContent::Data(_), .. }) => {
                    "the phone has not given the card the message"
                }
                _ => return true,
            };
            self.fail(statement.span, Wrong::Stopped(why.into()));
            return false;
        };
        let instruction = command.get(1).map_or(Instruction(0), |instruction| Instruction(*instruction));
        match self.status() {
            None => self.fail(statement.span, Wrong::Stopped("there is no status word".into())),
            // What a SIM says to a message that it has refused (TS 51.011 §9.4.1) is the message's matter.
            Some(status) if status.is_normal() || status.is_warning() || status.sw1() == 0x9E => return true,
            Some(status) => self.other(
                statement,
                format!("taking {}", instruction.name().unwrap_or("the command").replace('_', " ")),
                format!("{status}"),
                Vec::new(),
            ),
        }
        false
    }

    /// There is no proactive command that an answer could be for.
    pub(crate) fn nothing_to_answer(&mut self, statement: &Statement) {
        let (expected, got) = ("a proactive command to answer".into(), "no proactive command".into());
        self.other(statement, expected, got, Vec::new());
    }

    /// Compares the response to a TERMINAL RESPONSE, if there was one: a phone's user may answer what is no answer.
    pub(crate) fn judge_reply(&mut self, statement: &'a Statement) {
        let (None, Some(current)) = (&self.last, self.session.current.clone()) else {
            return self.judge_last(statement);
        };
        let got = format!("{}: the phone takes no such answer to it", current.in_words());
        self.other(statement, ANSWERABLE.into(), got, current.octets);
    }
}
