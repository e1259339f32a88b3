//! TERMINAL RESPONSE (TS 102 223 §6.8).

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, tlv::Comprehension};

use crate::{
    codes::{Device, TerminalProblem},
    message::{Field, FieldInfo, Form, Objects, Outgoing, Unknown, offer},
    objects::{
        AccessTechnology, AtResponse, BatteryState, BcchChannels, BearerDescription, BroadcastNetwork,
        BufferSize, CardAtr, CardReaderIdentifier, CardReaderStatus, ChannelData, ChannelDataLength,
        ChannelStatus, CommandDetails, ContactlessState, CsgIdList, DateTimeZone, DeviceIdentities,
        DnsServerAddress, Duration, Esn, FramesInformation, Imei, Imeisv, InterFrequencyMeasurements,
        IpAddressList, ItemIdentifier, IwlanIdentifier, Language, LocationInformation, Meid,
        NetworkMeasurements, NetworkSearchMode, OtherAddress, Outcome, RequestedAction, ResponseApdu,
        ServiceAvailability, ServiceRecord, SupportedAccessTechnologies, SurroundingMacrocells, TextString,
        TimerIdentifier, TimerValue, TimingAdvance, TransportLevel,
    },
    outcome::Problem,
};

message! {
    /// What a TERMINAL RESPONSE carries beside the result, as the command's type asks (TS 102 223 §6.8):
    ///
    /// | command | objects |
    /// |---|---|
    /// | POLL INTERVAL, GET INKEY, GET INPUT | `duration` |
    /// | GET INKEY, GET INPUT, SEND USSD | `text` |
    /// | SELECT ITEM | `item` |
    /// | PROVIDE LOCAL INFORMATION | from `location` to `supported`, by its qualifier |
    /// | SET UP CALL, SEND SS, SEND USSD, SEND SHORT MESSAGE changed by the card's control | `control_action`, `second_result`, `second_text` |
    /// | GET READER STATUS | `reader_status`, `reader_identifier` |
    /// | POWER ON CARD, PERFORM CARD APDU | `atr`, `r_apdu` |
    /// | TIMER MANAGEMENT | `timer`, `timer_value` |
    /// | RUN AT COMMAND | `at_response` |
    /// | RECEIVE DATA, SEND DATA | `channel_data`, `channel_length` |
    /// | OPEN CHANNEL, GET CHANNEL STATUS | `channel_status`, `bearer`, `buffer_size`, `local_address`, `dns_server` |
    /// | SERVICE SEARCH, GET SERVICE INFORMATION | `services`, `service_record` |
    /// | SET FRAMES, GET FRAMES STATUS | `frames` |
    /// | CONTACTLESS STATE CHANGED | `contactless` |
    #[derive(Default)]
    Answer {
        duration: Option<Duration>, text: Option<TextString>, item: Option<ItemIdentifier>,
        location: Option<LocationInformation>, imei: Option<Imei>,
        measurements: Option<NetworkMeasurements>, channels: Option<BcchChannels>,
        date_time: Option<DateTimeZone>, language: Option<Language>, timing_advance: Option<TimingAdvance>,
        technology: Option<AccessTechnology>, esn: Option<Esn>, imeisv: Option<Imeisv>,
        search_mode: Option<NetworkSearchMode>, battery: Option<BatteryState>, meid: Option<Meid>,
        wlan: Option<IwlanIdentifier>, broadcast: Option<BroadcastNetwork>,
        csg: Vec<CsgIdList>, addresses: Option<IpAddressList>, macrocells: Option<SurroundingMacrocells>,
        inter_frequency: Option<InterFrequencyMeasurements>, more_locations: Vec<LocationInformation>,
        more_measurements: Vec<NetworkMeasurements>, more_technologies: Vec<AccessTechnology>,
        supported: Option<SupportedAccessTechnologies>,
        control_action: Option<RequestedAction>, second_result: Option<Outcome>,
        reader_status: Vec<CardReaderStatus>, reader_identifier: Option<CardReaderIdentifier>,
        atr: Option<CardAtr>, r_apdu: Option<ResponseApdu>,
        timer: Option<TimerIdentifier>, timer_value: Option<TimerValue>, at_response: Option<AtResponse>,
        second_text: Option<TextString>,
        channel_data: Option<ChannelData>, channel_status: Vec<ChannelStatus>,
        channel_length: Option<ChannelDataLength>, bearer: Option<BearerDescription>,
        buffer_size: Option<BufferSize>, services: Option<ServiceAvailability>,
        service_record: Option<ServiceRecord>, local_address: Option<OtherAddress>,
        transport: Option<TransportLevel>, frames: Option<FramesInformation>,
        dns_server: Vec<DnsServerAddress>, contactless: Option<ContactlessState>,
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
    /// The fields before those of the answer, in the standard's order.
    pub const FIELDS: &'static [FieldInfo] = &[
        FieldInfo::of::<CommandDetails>("details"),
        FieldInfo::of::<DeviceIdentities>("devices"),
        FieldInfo::of::<Outcome>("result"),
    ];

    /// The terminal's response to the command with these details: a
    /// [`GeneralResult`](crate::codes::GeneralResult) alone, a [`Problem`] with
    /// what is known of it, or any [`Outcome`].
    #[must_use]
    pub fn new(details: CommandDetails, result: impl Into<Outcome>) -> Self {
        Self {
            details,
            devices: DeviceIdentities { source: Device::TERMINAL, destination: Device::UICC },
            result: result.into(),
            answer: Answer::default(),
            unknown: Vec::new(),
            form: Form::default(),
        }
    }

    /// "Terminal currently unable to process command", and why.
    #[must_use]
    pub fn unable(details: CommandDetails, problem: TerminalProblem) -> Self {
        Self::new(details, Problem::Terminal(problem))
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
        let mut objects = Outgoing::new(&mut out);
        objects.push(&self.details);
        objects.push(&self.devices);
        objects.push(&self.result);
        objects.extend(&self.answer);
        objects.unknown(&self.unknown);
        objects.finish(&self.form);
        out
    }

    /// Reads the data of a TERMINAL RESPONSE command, its objects in any order.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut r = Reader::new(bytes);
        let mut head = Head::default();
        let mut form = Form::default();
        // Most responses say no more than their result: they end before an answer, which is a large thing to read.
        loop {
            if r.is_empty() {
                return head.finish(form, r.offset());
            }
            let mut rest = r.clone();
            let mut object = Comprehension::read(&mut rest)?;
            if !head.take(&mut object)? {
                break;
            }
            form.push(&object);
            r = rest;
        }
        form.extend(r.clone());
        let mut unknown = Vec::new();
        let answer = Answer::read_rest(&mut r, &mut unknown, &mut |object| head.take(object))?;
        Ok(TerminalResponse { answer, unknown, ..head.finish(form, r.offset())? })
    }
}

/// What every TERMINAL RESPONSE has, as far as it has been read.
#[derive(Default)]
struct Head {
    details: Option<CommandDetails>,
    devices: Option<DeviceIdentities>,
    result: Option<Outcome>,
}

impl Head {
    /// Takes an object if it is one of these and the first of its kind.
    fn take(&mut self, object: &mut Comprehension<'_>) -> Result<bool, Error> {
        Ok(offer::<CommandDetails>(&mut self.details, object)?
            || offer::<DeviceIdentities>(&mut self.devices, object)?
            || offer::<Outcome>(&mut self.result, object)?)
    }

    /// The response without an answer, whose objects have ended at `offset`.
    fn finish(self, form: Form, offset: usize) -> Result<TerminalResponse, Error> {
        Ok(TerminalResponse {
            details: Field::finish(self.details, offset)?,
            devices: Field::finish(self.devices, offset)?,
            result: Field::finish(self.result, offset)?,
            answer: Answer::default(),
            unknown: Vec::new(),
            form,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommandType, codes::GeneralResult, objects::ItemIdentifier};

    fn details(kind: CommandType) -> CommandDetails {
        CommandDetails { number: 1, kind, qualifier: 0 }
    }

    #[test]
    fn objects_are_read_in_any_order_and_written_as_they_were() {
        let bytes =
            [0x90, 0x01, 0x02, 0x83, 0x01, 0x00, 0x82, 0x02, 0x82, 0x81, 0x81, 0x03, 0x01, 0x24, 0x00];
        let read = TerminalResponse::decode(&bytes).unwrap();
        let item = Some(ItemIdentifier { identifier: 2 });
        let made =
            TerminalResponse::new(details(CommandType::SELECT_ITEM), GeneralResult::PERFORMED_SUCCESSFULLY)
                .with(Answer { item, ..Answer::default() });
        assert_eq!(read, made);
        assert_eq!(read.encode(), bytes);
        assert_eq!(made.encode()[..3], [0x81, 0x03, 0x01], "one that is made is in the standard's order");
    }

    #[test]
    fn a_result_alone_is_written_as_it_was() {
        let made =
            TerminalResponse::new(details(CommandType::DISPLAY_TEXT), GeneralResult::PERFORMED_SUCCESSFULLY);
        for bytes in [
            [0x81, 0x03, 0x01, 0x21, 0x00, 0x82, 0x02, 0x82, 0x81, 0x83, 0x01, 0x00],
            [0x81, 0x03, 0x01, 0x21, 0x00, 0x02, 0x02, 0x82, 0x81, 0x03, 0x01, 0x00],
            [0x81, 0x03, 0x01, 0x21, 0x00, 0x83, 0x01, 0x00, 0x82, 0x02, 0x82, 0x81],
            [0x83, 0x01, 0x00, 0x82, 0x02, 0x82, 0x81, 0x81, 0x03, 0x01, 0x21, 0x00],
        ] {
            let read = TerminalResponse::decode(&bytes).unwrap();
            assert_eq!(read, made);
            assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn the_second_result_is_what_call_control_led_to() {
        let bytes = [
            0x81, 0x03, 0x01, 0x10, 0x00, 0x82, 0x02, 0x82, 0x81, 0x83, 0x01, 0x05, 0xA7, 0x02, 0x86, 0x00,
            0x83, 0x02, 0x39, 0x01,
        ];
        let response = TerminalResponse::decode(&bytes).unwrap();
        assert_eq!(response.result.general, GeneralResult::PERFORMED_MODIFIED_BY_CALL_CONTROL);
        let second = response.answer.second_result.as_ref().and_then(Outcome::problem);
        let not_allowed = crate::codes::CallControlProblem::ACTION_NOT_ALLOWED;
        assert_eq!(second, Some(Problem::CallControl(not_allowed)));
        assert_eq!(response.encode(), bytes);
    }

    #[test]
    fn a_response_without_a_result_is_refused() {
        let error =
            TerminalResponse::decode(&[0x81, 0x03, 0x01, 0x24, 0x00, 0x82, 0x02, 0x82, 0x81]).unwrap_err();
        assert_eq!((error.what, error.offset), ("Result", 9));
    }
}
