//! Messages field by field (TS 23.040 §9.2.2, §9.2.3).

use alloc::{format, string::ToString, vec, vec::Vec};

use oxisim_wire::{Part, Parts, Show, Shown};

use crate::{
    Address, Alphabet, Class, CodingGroup, Content, DataCoding, Element, Timestamp, UserData, Waiting,
    file::{ServiceParameters, SmsStatus, StoredMessage, StoredReport},
    tpdu::{
        Command, Deliver, DeliverReport, EnhancedPeriod, EnhancedValidity, MobileOriginated,
        MobileTerminated, Outcome, Parameters, RelativeValidity, Status, StatusReport, Submit, SubmitReport,
        ValidityPeriod,
    },
};

impl Show for Address {
    fn show(&self) -> Shown {
        Shown::Fields(vec![("type", self.kind().show()), ("value", Shown::Text(self.to_string()))])
    }
}

impl Show for Timestamp {
    fn show(&self) -> Shown {
        Shown::Text(self.civil().to_string())
    }
}

impl Show for RelativeValidity {
    fn show(&self) -> Shown {
        let minutes = self.duration().as_secs_ceil() / 60;
        Shown::Text(match minutes {
            0..120 => format!("{minutes} min"),
            120..2_880 => format!("{} h {} min", minutes / 60, minutes % 60),
            _ => format!("{} d", minutes / 1_440),
        })
    }
}

impl Show for ValidityPeriod {
    fn show(&self) -> Shown {
        let (format, period) = match self {
            Self::Relative(period) => ("relative", period.show()),
            Self::Absolute(end) => ("absolute", end.show()),
            Self::Enhanced(period) => ("enhanced", period.show()),
        };
        Shown::Fields(vec![("format", format.show()), ("period", period)])
    }
}

impl Show for EnhancedValidity {
    fn show(&self) -> Shown {
        let period = match self.period() {
            EnhancedPeriod::None => Shown::Nothing,
            EnhancedPeriod::Relative(period) => period.show(),
            EnhancedPeriod::Seconds(seconds) => Shown::Text(format!("{seconds} s")),
            EnhancedPeriod::Clock { hours, minutes, seconds } => {
                Shown::Text(format!("{hours:02}:{minutes:02}:{seconds:02}"))
            }
            EnhancedPeriod::Reserved(_) => self.0.show(),
        };
        Shown::Fields(vec![("single_shot", self.is_single_shot().show()), ("length", period)])
    }
}

/// An element that is known says what is in it; the others are octets.
impl Show for Element {
    fn show(&self) -> Shown {
        let inside = match Content::of(self) {
            Some(content) => ("content", content.show()),
            None => ("data", self.data.show()),
        };
        Shown::Fields(vec![("element", self.id.show()), inside])
    }
}

impl Show for Outcome {
    fn show(&self) -> Shown {
        match self {
            Self::Completed => "completed",
            Self::Retrying => "temporary error, the centre still tries",
            Self::PermanentError => "permanent error, the centre has given up",
            Self::TemporaryError => "temporary error, the centre has given up",
            Self::Reserved => "reserved",
        }
        .show()
    }
}

impl Show for CodingGroup {
    fn show(&self) -> Shown {
        match self {
            Self::General => "general",
            Self::AutomaticDeletion => "deleted once read",
            Self::Reserved => "reserved",
            Self::WaitingDiscard => "message waiting, may be discarded",
            Self::WaitingStore => "message waiting, stored",
            Self::WaitingStoreUcs2 => "message waiting, stored, UCS2",
            Self::DataAndClass => "data and class",
        }
        .show()
    }
}

impl Show for Waiting {
    fn show(&self) -> Shown {
        Shown::Fields(vec![("kind", self.kind.show()), ("active", self.active.show())])
    }
}

impl Show for Alphabet {
    fn show(&self) -> Shown {
        match self {
            Self::Default => "GSM 7-bit default alphabet",
            Self::EightBit => "8-bit data",
            Self::Ucs2 => "UCS2",
        }
        .show()
    }
}

impl Show for Class {
    fn show(&self) -> Shown {
        match self {
            Self::Immediate => "0, displayed at once",
            Self::MobileEquipment => "1, mobile equipment",
            Self::Sim => "2, (U)SIM",
            Self::TerminalEquipment => "3, terminal equipment",
        }
        .show()
    }
}

impl Show for ServiceParameters {
    fn show(&self) -> Shown {
        Shown::Fields(vec![
            ("alpha_identifier", Shown::Text(self.name().text())),
            ("destination_address", self.destination().map(|address| address.to_string()).show()),
            ("service_centre_address", self.service_centre().map(|address| address.to_string()).show()),
            ("protocol_identifier", self.protocol().show()),
            ("data_coding_scheme", self.coding().show()),
            ("validity_period", self.validity().show()),
        ])
    }
}

impl Show for SmsStatus {
    fn show(&self) -> Shown {
        let mut fields = vec![
            ("last_message_reference", self.reference.show()),
            ("memory_capacity_exceeded", self.is_memory_exceeded().show()),
        ];
        if !self.rest.is_empty() {
            fields.push(("further", self.rest.show()));
        }
        Shown::Fields(fields)
    }
}

/// The message field by field; a free record may hold the remains of one.
impl Show for StoredMessage {
    fn show(&self) -> Shown {
        let mut fields = vec![("status", self.status.show())];
        let message = self.deliver().map(|message| inside(&message));
        match message.or_else(|| self.submit().map(|message| inside(&message))) {
            Some(message) => {
                let centre = self.service_centre().map(|centre| centre.to_string());
                fields.extend([("service_centre_address", centre.show()), ("message", message)]);
            }
            None => fields.push(("octets", self.rest.show())),
        }
        Shown::Fields(fields)
    }
}

impl Show for StoredReport {
    fn show(&self) -> Shown {
        let report = match self.status_report() {
            Some(report) => ("report", inside(&report)),
            None => ("octets", self.report.show()),
        };
        Shown::Fields(vec![("record_of_the_message", self.message.show()), report])
    }
}

/// A message within something else.
fn inside(message: &impl Parts) -> Shown {
    Shown::Fields(message.parts().into_iter().map(|Part { name, value, .. }| (name, value)).collect())
}

/// The octet and what is in it.
fn coding(coding: DataCoding) -> Shown {
    let mut fields = vec![
        ("value", coding.show()),
        ("group", coding.group().show()),
        ("alphabet", coding.alphabet().show()),
    ];
    fields.extend(coding.waiting().map(|waiting| ("waiting", waiting.show())));
    fields.extend(coding.class().map(|class| ("class", class.show())));
    if coding.is_compressed() {
        fields.push(("compressed", true.show()));
    }
    Shown::Fields(fields)
}

/// The elements of a header, if it has any; one that another overrules says so.
fn header(parts: &mut Vec<Part>, name: &'static str, user_data: &UserData) {
    let counts = |element: &Element| user_data.effective().any(|other| core::ptr::eq(other, element));
    let shown = |element: &Element| match element.show() {
        Shown::Fields(mut fields) if !counts(element) => {
            fields.push(("overruled", true.show()));
            Shown::Fields(fields)
        }
        shown => shown,
    };
    let elements: Vec<Shown> = user_data.header().iter().map(shown).collect();
    if !elements.is_empty() {
        parts.push(Part { name, spec: "TS 23.040 §9.2.3.24", value: Shown::List(elements) });
    }
}

/// TP-Data-Coding-Scheme, header and text; 8-bit data as octets.
fn user_data(parts: &mut Vec<Part>, user_data: &UserData) {
    const SPEC: &str = "TS 23.040 §9.2.3.24";
    header(parts, "TP-User-Data header", user_data);
    let scheme = user_data.coding();
    let value = match scheme.alphabet() {
        Alphabet::EightBit => user_data.payload().show(),
        _ if scheme.is_compressed() => user_data.payload().show(),
        _ => user_data.text().show(),
    };
    parts.push(Part { name: "TP-User-Data", spec: SPEC, value });
}

/// The octet, and what becomes of the message.
fn status(status: Status) -> Shown {
    Shown::Fields(vec![("value", status.show()), ("outcome", status.outcome().show())])
}

/// What stands before the user data, in the order of the octets.
fn scheme(parts: &mut Vec<Part>, scheme: DataCoding) {
    parts.push(Part { name: "TP-Data-Coding-Scheme", spec: "TS 23.040 §9.2.3.10", value: coding(scheme) });
}

fn parameters(parts: &mut Vec<Part>, parameters: &Parameters) {
    if let Some(protocol) = &parameters.protocol {
        parts.push(Part::new("TP-Protocol-Identifier", PROTOCOL, protocol));
    }
    if let Some(coding) = parameters.coding {
        scheme(parts, coding);
    }
    if let Some(data) = &parameters.user_data {
        scheme(parts, data.coding());
        user_data(parts, data);
    }
}

const PROTOCOL: &str = "TS 23.040 §9.2.3.9";
const TIMESTAMP: &str = "TS 23.040 §9.2.3.11";
const CAUSE: &str = "TS 23.040 §9.2.3.22";

impl Parts for Deliver {
    fn name(&self) -> &'static str {
        "SMS-DELIVER"
    }

    fn spec(&self) -> &'static str {
        "TS 23.040 §9.2.2.1"
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = vec![
            Part::new("TP-More-Messages-to-Send", "TS 23.040 §9.2.3.2", &self.more_messages),
            Part::new("TP-Loop-Prevention", "TS 23.040 §9.2.3.28", &self.loop_prevention),
            Part::new("TP-Reply-Path", "TS 23.040 §9.2.3.17", &self.reply_path),
            Part::new("TP-Status-Report-Indication", "TS 23.040 §9.2.3.4", &self.status_report),
            Part::new("TP-Originating-Address", "TS 23.040 §9.2.3.7", &self.originator),
            Part::new("TP-Protocol-Identifier", PROTOCOL, &self.protocol),
        ];
        scheme(&mut parts, self.user_data.coding());
        parts.push(Part::new("TP-Service-Centre-Time-Stamp", TIMESTAMP, &self.timestamp));
        user_data(&mut parts, &self.user_data);
        parts
    }
}

impl Parts for Submit {
    fn name(&self) -> &'static str {
        "SMS-SUBMIT"
    }

    fn spec(&self) -> &'static str {
        "TS 23.040 §9.2.2.2"
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = vec![
            Part::new("TP-Reject-Duplicates", "TS 23.040 §9.2.3.25", &self.reject_duplicates),
            Part::new("TP-Reply-Path", "TS 23.040 §9.2.3.17", &self.reply_path),
            Part::new("TP-Status-Report-Request", "TS 23.040 §9.2.3.5", &self.status_report),
            Part::new("TP-Message-Reference", "TS 23.040 §9.2.3.6", &self.reference),
            Part::new("TP-Destination-Address", "TS 23.040 §9.2.3.8", &self.destination),
            Part::new("TP-Protocol-Identifier", PROTOCOL, &self.protocol),
        ];
        scheme(&mut parts, self.user_data.coding());
        if let Some(validity) = &self.validity {
            parts.push(Part::new("TP-Validity-Period", "TS 23.040 §9.2.3.12", validity));
        }
        user_data(&mut parts, &self.user_data);
        parts
    }
}

impl Parts for Command {
    fn name(&self) -> &'static str {
        "SMS-COMMAND"
    }

    fn spec(&self) -> &'static str {
        "TS 23.040 §9.2.2.4"
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = vec![
            Part::new("TP-Status-Report-Request", "TS 23.040 §9.2.3.5", &self.status_report),
            Part::new("TP-Message-Reference", "TS 23.040 §9.2.3.6", &self.reference),
            Part::new("TP-Protocol-Identifier", PROTOCOL, &self.protocol),
            Part::new("TP-Command-Type", "TS 23.040 §9.2.3.19", &self.kind),
            Part::new("TP-Message-Number", "TS 23.040 §9.2.3.18", &self.message),
            Part::new("TP-Destination-Address", "TS 23.040 §9.2.3.8", &self.destination),
        ];
        header(&mut parts, "TP-Command-Data header", self.data());
        if !self.data().payload().is_empty() {
            parts.push(Part::new("TP-Command-Data", "TS 23.040 §9.2.3.21", self.data().payload()));
        }
        parts
    }
}

impl Parts for StatusReport {
    fn name(&self) -> &'static str {
        "SMS-STATUS-REPORT"
    }

    fn spec(&self) -> &'static str {
        "TS 23.040 §9.2.2.3"
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = vec![
            Part::new("TP-More-Messages-to-Send", "TS 23.040 §9.2.3.2", &self.more_messages),
            Part::new("TP-Loop-Prevention", "TS 23.040 §9.2.3.28", &self.loop_prevention),
            Part::new("TP-Status-Report-Qualifier", "TS 23.040 §9.2.3.26", &self.of_command),
            Part::new("TP-Message-Reference", "TS 23.040 §9.2.3.6", &self.reference),
            Part::new("TP-Recipient-Address", "TS 23.040 §9.2.3.14", &self.recipient),
            Part::new("TP-Service-Centre-Time-Stamp", TIMESTAMP, &self.timestamp),
            Part::new("TP-Discharge-Time", "TS 23.040 §9.2.3.13", &self.discharge),
            Part { name: "TP-Status", spec: "TS 23.040 §9.2.3.15", value: status(self.status) },
        ];
        parameters(&mut parts, &self.parameters);
        parts
    }
}

impl Parts for DeliverReport {
    fn name(&self) -> &'static str {
        "SMS-DELIVER-REPORT"
    }

    fn spec(&self) -> &'static str {
        "TS 23.040 §9.2.2.1a"
    }

    fn parts(&self) -> Vec<Part> {
        let cause = self.cause.map(|cause| Part::new("TP-Failure-Cause", CAUSE, &cause));
        let mut parts: Vec<Part> = cause.into_iter().collect();
        parameters(&mut parts, &self.parameters);
        parts
    }
}

impl Parts for SubmitReport {
    fn name(&self) -> &'static str {
        "SMS-SUBMIT-REPORT"
    }

    fn spec(&self) -> &'static str {
        "TS 23.040 §9.2.2.2a"
    }

    fn parts(&self) -> Vec<Part> {
        let cause = self.cause.map(|cause| Part::new("TP-Failure-Cause", CAUSE, &cause));
        let mut parts: Vec<Part> = cause.into_iter().collect();
        parts.push(Part::new("TP-Service-Centre-Time-Stamp", TIMESTAMP, &self.timestamp));
        parameters(&mut parts, &self.parameters);
        parts
    }
}

/// Whichever of its messages it is.
macro_rules! either {
    ($direction:ty { $($message:ident)* }) => {
        impl Parts for $direction {
            fn name(&self) -> &'static str {
                match self { $(Self::$message(message) => message.name(),)* }
            }

            fn spec(&self) -> &'static str {
                match self { $(Self::$message(message) => message.spec(),)* }
            }

            fn parts(&self) -> Vec<Part> {
                match self { $(Self::$message(message) => message.parts(),)* }
            }
        }
    };
}

either! { MobileTerminated { Deliver SubmitReport StatusReport } }
either! { MobileOriginated { DeliverReport Submit Command } }
