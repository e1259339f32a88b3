//! TERMINAL RESPONSE (TS 102 223 §6.8).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader};

use crate::{
    codes::{Device, GeneralResult, TerminalProblem},
    command::expect_object,
    message::{Form, Objects, Outgoing, Unknown},
    objects::{
        CommandDetails, DateTimeZone, DeviceIdentities, Duration, Imei, ItemIdentifier, Language,
        LocationInformation, Outcome, TextString, TimerIdentifier, TimerValue,
    },
};

message! {
    /// What a TERMINAL RESPONSE carries beside the result, as the command's type asks (TS 102 223 §6.8).
    #[derive(Default)]
    Answer {
        duration: Option<Duration>, text: Option<TextString>, item: Option<ItemIdentifier>,
        location: Option<LocationInformation>, imei: Option<Imei>, date_time: Option<DateTimeZone>,
        language: Option<Language>, timer: Option<TimerIdentifier>, timer_value: Option<TimerValue>,
    }
}

/// What became of a proactive command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalResponse {
    /// The command's own details.
    pub details: CommandDetails,
    /// From whom, to whom.
    pub devices: DeviceIdentities,
    /// The result.
    pub result: Outcome,
    /// What the command asked for.
    pub answer: Answer,
    /// Objects beyond those, that need not be understood.
    pub unknown: Vec<Unknown>,
    /// How it was written, if it was read.
    pub form: Form,
}

impl TerminalResponse {
    /// The terminal's response to the command with these details.
    #[must_use]
    pub fn new(details: CommandDetails, general: GeneralResult) -> Self {
        Self {
            details,
            devices: DeviceIdentities { source: Device::TERMINAL, destination: Device::UICC },
            result: Outcome { general, additional: Vec::new() },
            answer: Answer::default(),
            unknown: Vec::new(),
            form: Form::default(),
        }
    }

    /// "Terminal currently unable to process command", and why.
    #[must_use]
    pub fn unable(details: CommandDetails, problem: TerminalProblem) -> Self {
        let mut response = Self::new(details, GeneralResult::TERMINAL_CURRENTLY_UNABLE);
        response.result.additional.push(problem.0);
        response
    }

    /// The same response with an answer.
    #[must_use]
    pub fn with(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// The data of the TERMINAL RESPONSE command.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut objects = Outgoing::default();
        objects.push(&self.details);
        objects.push(&self.devices);
        objects.push(&self.result);
        objects.extend(&self.answer);
        objects.unknown(&self.unknown);
        let mut out = Vec::new();
        objects.write(&self.form, &mut out);
        out
    }

    /// Reads the data of a TERMINAL RESPONSE command.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(bytes);
        let form = Form::of(r.clone());
        let details = expect_object(&mut r)?;
        let devices = expect_object(&mut r)?;
        let result = expect_object(&mut r)?;
        let mut unknown = Vec::new();
        let answer = Answer::read_objects(&mut r, &mut unknown)?;
        Ok(Self { details, devices, result, answer, unknown, form })
    }
}
