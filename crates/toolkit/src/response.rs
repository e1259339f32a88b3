//! TERMINAL RESPONSE (TS 102 223 §6.8).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader};

use crate::{
    codes::{Device, GeneralResult, TerminalProblem},
    command::expect_object,
    message::{Objects, Unknown, write_object},
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
        let mut out = Vec::new();
        write_object(&self.details, &mut out);
        write_object(&self.devices, &mut out);
        write_object(&self.result, &mut out);
        self.answer.write_objects(&mut out);
        for object in &self.unknown {
            let fill = |out: &mut Vec<u8>| out.extend_from_slice(&object.value);
            oxisim_wire::tlv::Comprehension::write(object.tag, false, &mut out, fill);
        }
        out
    }

    /// Reads the data of a TERMINAL RESPONSE command.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(bytes);
        let details = expect_object(&mut r)?;
        let devices = expect_object(&mut r)?;
        let result = expect_object(&mut r)?;
        let mut unknown = Vec::new();
        let answer = Answer::read_objects(&mut r, &mut unknown)?;
        Ok(Self { details, devices, result, answer, unknown })
    }
}
