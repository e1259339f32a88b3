//! The transport protocol T=0 (ISO/IEC 7816-3 §10, §12.2): both sides of it, octet by octet.
//!
//! [`Exchange`] is the terminal's side: it sends a command APDU in one or more headers and makes the response APDU
//! of what comes back. [`Card`] is the card's side: it stands between the line and a card that knows APDUs only.
//!
//! ```
//! use oxisim_apdu::{Class, Command, Instruction, Response, t0};
//!
//! let command = Command::new(Class::INTERINDUSTRY, Instruction::READ_BINARY, 0, 0).ne(256);
//! let mut card = t0::Card::default();
//! let (mut exchange, header) = t0::Exchange::new(&command, t0::Rules::Uicc)?;
//! let mut line = header.to_vec();
//! let response = 'done: loop {
//!     let octets: Vec<u8> =
//!         line.drain(..).flat_map(|octet| card.receive(octet, |_| Response::normal(vec![0x98, 0x00]))).collect();
//!     for octet in octets {
//!         match exchange.receive(octet)? {
//!             t0::Step::Receive => {}
//!             t0::Step::Transmit(more) => line = more,
//!             t0::Step::Finished(response) => break 'done response,
//!         }
//!     }
//! };
//! // The card said `6C02` and was asked again.
//! assert_eq!(response.to_bytes(), [0x98, 0x00, 0x90, 0x00]);
//! # Ok::<(), t0::Error>(())
//! ```

use alloc::{vec, vec::Vec};
use core::fmt;

use crate::{Class, Command, Instruction, Response, Status};

/// The procedure byte that asks for more time.
const NULL: u8 = 0x60;
/// How many procedure bytes NULL a card may send for one command.
const NULLS: u32 = 0x1_0000;
/// How many headers one command may take: 65 536 octets of response in parts of 256, and what goes wrong.
const HEADERS: u16 = 0x110;

/// What a terminal takes a normal ending to mean after it sent the data of a command of case 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// That the response waits for GET RESPONSE (ISO/IEC 7816-3 §12.2).
    Iso,
    /// That there is no response: a UICC says `61XX` if there is one (TS 102 221 §7.3.1.1).
    Uicc,
}

/// Why an exchange cannot begin or go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The instruction has the form of a status word, `6X` or `9X`.
    Instruction(Instruction),
    /// The command has more data than a header can say: the length.
    TooLong(usize),
    /// The card sent this where a procedure byte or a status word was due.
    ProcedureByte(u8),
    /// The card goes on without end.
    Endless,
    /// The exchange is over.
    Over,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instruction(instruction) => write!(f, "instruction {:02X} cannot be sent", instruction.0),
            Self::TooLong(length) => write!(f, "{length} octets of data, 255 are possible"),
            Self::ProcedureByte(octet) => write!(f, "{octet:02X} is not a procedure byte"),
            Self::Endless => f.write_str("the card goes on without end"),
            Self::Over => f.write_str("the exchange is over"),
        }
    }
}

impl core::error::Error for Error {}

/// What a terminal does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Receive another octet.
    Receive,
    /// Send these octets and then receive.
    Transmit(Vec<u8>),
    /// Nothing: this is the response.
    Finished(Response),
}

/// The terminal's side of one command and its response.
#[derive(Clone, Debug)]
pub struct Exchange {
    rules: Rules,
    header: Header,
    /// Command data that is not sent yet, first the last octet.
    unsent: Vec<u8>,
    /// How many octets the response may have, if it may have any.
    ne: Option<usize>,
    response: Vec<u8>,
    state: State,
    headers: u16,
    nulls: u32,
}

/// Class, instruction and parameters, without P3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    class: Class,
    instruction: Instruction,
    p1: u8,
    p2: u8,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// A procedure byte or SW1 comes; so many octets of the response may still come under this header.
    Procedure {
        left: usize,
    },
    /// So many octets of the response come, and then a procedure byte with so many left.
    Data {
        now: usize,
        left: usize,
    },
    /// SW2 comes.
    Sw2 {
        sw1: u8,
    },
    Over,
}

impl Exchange {
    /// Begins with a command of at most 255 octets of data; the header is to be sent.
    pub fn new(command: &Command<'_>, rules: Rules) -> Result<(Self, [u8; 5]), Error> {
        if !is_instruction(command.instruction) {
            return Err(Error::Instruction(command.instruction));
        }
        let lc = u8::try_from(command.data.len()).map_err(|_| Error::TooLong(command.data.len()))?;
        let header =
            Header { class: command.class, instruction: command.instruction, p1: command.p1, p2: command.p2 };
        let mut exchange = Self {
            rules,
            header,
            unsent: command.data.iter().rev().copied().collect(),
            ne: command.ne,
            response: Vec::new(),
            state: State::Over,
            headers: 0,
            nulls: 0,
        };
        let octets = if lc == 0 {
            exchange.ask(command.ne.map_or(0, |ne| ne.min(0x100)))
        } else {
            exchange.state = State::Procedure { left: 0 };
            header.to_bytes(lc)
        };
        Ok((exchange, octets))
    }

    /// Takes an octet from the card.
    pub fn receive(&mut self, octet: u8) -> Result<Step, Error> {
        match self.state {
            State::Procedure { left } => self.procedure(octet, left),
            State::Data { now, left } => {
                self.response.push(octet);
                self.state = match now {
                    0 | 1 => State::Procedure { left },
                    _ => State::Data { now: now - 1, left },
                };
                Ok(Step::Receive)
            }
            State::Sw2 { sw1 } => Ok(self.status(Status(u16::from_be_bytes([sw1, octet])))),
            State::Over => Err(Error::Over),
        }
    }

    fn procedure(&mut self, octet: u8, left: usize) -> Result<Step, Error> {
        let instruction = self.header.instruction.0;
        let all = octet == instruction;
        if octet == NULL {
            if self.nulls == NULLS {
                return self.fail(Error::Endless);
            }
            self.nulls += 1;
        } else if is_sw1(octet) {
            self.state = State::Sw2 { sw1: octet };
        } else if !all && octet != !instruction {
            return self.fail(Error::ProcedureByte(octet));
        } else if !self.unsent.is_empty() {
            let keep = if all { 0 } else { self.unsent.len() - 1 };
            let mut octets = self.unsent.split_off(keep);
            octets.reverse();
            self.state = State::Procedure { left: 0 };
            return Ok(Step::Transmit(octets));
        } else if left > 0 {
            let now = if all { left } else { 1 };
            self.state = State::Data { now, left: left - now };
        } else {
            // There is nothing to transfer.
            return self.fail(Error::ProcedureByte(octet));
        }
        Ok(Step::Receive)
    }

    fn status(&mut self, status: Status) -> Step {
        let ne = self.ne.unwrap_or(0);
        let wanted = ne.saturating_sub(self.response.len());
        let length = match status.sw2() {
            0 => 0x100,
            length => usize::from(length),
        };
        // The header of a command with data asks for no response.
        let (only_data, sent) = (self.headers == 0, self.unsent.is_empty());
        let available = match status.sw1() {
            0x61 => Some(length),
            0x9F if self.header.class == Class::GSM => Some(length),
            0x90 if status == Status::NORMAL && self.rules == Rules::Iso && only_data && sent => Some(wanted),
            _ => None,
        };
        let more = self.headers < HEADERS && wanted > 0;
        if let Some(length) = available
            && more
        {
            self.header = Header {
                class: interindustry(self.header.class),
                instruction: Instruction::GET_RESPONSE,
                p1: 0,
                p2: 0,
            };
            return Step::Transmit(self.ask(length.min(wanted).min(0x100)).to_vec());
        }
        if status.sw1() == 0x6C && more && !only_data {
            return Step::Transmit(self.ask(length).to_vec());
        }
        self.state = State::Over;
        self.response.truncate(ne);
        Step::Finished(Response { data: core::mem::take(&mut self.response), status })
    }

    /// A header that asks for `length` octets, 256 at most.
    fn ask(&mut self, length: usize) -> [u8; 5] {
        self.headers += 1;
        self.state = State::Procedure { left: length };
        self.header.to_bytes(length as u8)
    }

    fn fail(&mut self, error: Error) -> Result<Step, Error> {
        self.state = State::Over;
        Err(error)
    }
}

impl Header {
    const fn to_bytes(self, p3: u8) -> [u8; 5] {
        [self.class.0, self.instruction.0, self.p1, self.p2, p3]
    }
}

/// The card's side: makes command APDUs of what comes over the line, and octets of the response APDUs.
///
/// In T=0 a header does not say which way data goes; it is the instruction that does. `Card` knows the
/// instructions of TS 102 221, TS 102 222, TS 31.102 and TS 51.011; one that it does not know goes to the APDU card
/// as a command without data, to be refused.
///
/// A command with data goes to the APDU card with Le, and what it answers is kept for GET RESPONSE. In class `A0` it
/// goes without: the card of GSM says `9FXX` and answers GET RESPONSE itself.
#[derive(Clone, Debug, Default)]
pub struct Card {
    received: Vec<u8>,
    kept: Option<Kept>,
}

/// A response that waits for GET RESPONSE, or for its command to come again with the right length.
#[derive(Clone, Debug)]
struct Kept {
    /// The command, if it is to come again.
    command: Option<[u8; 4]>,
    response: Response,
}

/// Which way the data of an instruction goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// No data: case 1.
    None,
    /// To the terminal: case 2.
    Out,
    /// To the card: case 3.
    In,
    /// To the card, and then to the terminal: case 4.
    InOut,
}

impl Card {
    /// Forgets what was received and what waits, as a reset does.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes an octet from the terminal and returns the octets to send, none while more must be received.
    ///
    /// `card` executes a command APDU. It is called at most once, and for each command once, even if the terminal
    /// must ask again for its response.
    pub fn receive(&mut self, octet: u8, card: impl FnOnce(&[u8]) -> Response) -> Vec<u8> {
        self.received.push(octet);
        let [class, instruction, p1, p2, p3, data @ ..] = self.received.as_slice() else { return Vec::new() };
        let command = [*class, *instruction, *p1, *p2];
        let (instruction, length) = (*instruction, usize::from(*p3));
        let direction = direction(Instruction(instruction), *p2, *p3);
        if matches!(direction, Direction::In | Direction::InOut) && data.len() < length {
            // The terminal sends all of its data at the procedure byte that is the instruction.
            return if data.is_empty() { vec![instruction] } else { Vec::new() };
        }
        let received = core::mem::take(&mut self.received);
        let kept = self.kept.take();
        match direction {
            Direction::Out => {
                let length = if length == 0 { 0x100 } else { length };
                let response = match kept {
                    Some(kept) if kept.is_asked_for(command) => kept.response,
                    _ => card(&received),
                };
                self.serve(command, length, response)
            }
            Direction::InOut => {
                let mut apdu = if length == 0 { command.to_vec() } else { received };
                // A card of GSM says itself what waits, and keeps it.
                if Class(command[0]) != Class::GSM {
                    apdu.push(0);
                }
                let response = card(&apdu);
                self.offer(Class(command[0]), response)
            }
            Direction::In if length > 0 => card(&received).status.0.to_be_bytes().to_vec(),
            Direction::In | Direction::None if is_instruction(Instruction(instruction)) => {
                card(&command).status.0.to_be_bytes().to_vec()
            }
            Direction::In | Direction::None => Status::INSTRUCTION_NOT_SUPPORTED.0.to_be_bytes().to_vec(),
        }
    }

    /// Answers a header that asks for `length` octets.
    fn serve(&mut self, command: [u8; 4], length: usize, mut response: Response) -> Vec<u8> {
        let instruction = command[1];
        let available = response.data.len();
        if available == 0 {
            return response.status.0.to_be_bytes().to_vec();
        }
        if length > available {
            let command = (instruction != Instruction::GET_RESPONSE.0).then_some(command);
            self.kept = Some(Kept { command, response });
            return Status::exact_length(available).0.to_be_bytes().to_vec();
        }
        let rest = response.data.split_off(length);
        let mut octets = vec![instruction];
        octets.append(&mut response.data);
        let status = if rest.is_empty() {
            response.status
        } else {
            response.data = rest;
            self.keep(response)
        };
        octets.extend(status.0.to_be_bytes());
        octets
    }

    /// Answers a command of case 4: the response waits.
    fn offer(&mut self, class: Class, response: Response) -> Vec<u8> {
        let status = match response.data.len() {
            0 => response.status,
            _ if class == Class::GSM => Status::gsm_response_available(self.keep(response).sw2().into()),
            _ => self.keep(response),
        };
        status.0.to_be_bytes().to_vec()
    }

    /// Keeps a response and says how much of it can be had at once.
    fn keep(&mut self, response: Response) -> Status {
        let status = Status::response_available(response.data.len().min(0x100));
        self.kept = Some(Kept { command: None, response });
        status
    }
}

impl Kept {
    /// Whether a command is for this response: the one that made it, or GET RESPONSE, of every class.
    fn is_asked_for(&self, command: [u8; 4]) -> bool {
        let fetches = command[1] == Instruction::GET_RESPONSE.0;
        self.command.map_or(fetches, |made| made == command)
    }
}

/// The case of each instruction, as TS 102 221 §10.1.2 and TS 102 222 list them, and those of TS 51.011.
fn direction(instruction: Instruction, p2: u8, p3: u8) -> Direction {
    match instruction {
        Instruction::STATUS
        | Instruction::READ_BINARY
        | Instruction::READ_RECORD
        | Instruction::FETCH
        | Instruction::GET_CHALLENGE
        | Instruction::GET_RESPONSE => Direction::Out,
        // Opening has the number of the channel as its response, closing has none.
        Instruction::MANAGE_CHANNEL if p3 > 0 => Direction::Out,
        // The first block names its object, the others follow from it (TS 102 221 §11.3.1).
        Instruction::RETRIEVE_DATA if p2 & 0x80 == 0 => Direction::Out,
        Instruction::UPDATE_BINARY
        | Instruction::UPDATE_RECORD
        | Instruction::VERIFY
        | Instruction::CHANGE_PIN
        | Instruction::DISABLE_PIN
        | Instruction::ENABLE_PIN
        | Instruction::UNBLOCK_PIN
        | Instruction::TERMINAL_CAPABILITY
        | Instruction::TERMINAL_PROFILE
        | Instruction::TERMINAL_RESPONSE
        | Instruction::SET_DATA
        | Instruction::CREATE_FILE
        | Instruction::DELETE_FILE
        | Instruction::RESIZE_FILE => Direction::In,
        Instruction::SELECT
        | Instruction::SEARCH_RECORD
        | Instruction::INCREASE
        | Instruction::AUTHENTICATE
        | Instruction::AUTHENTICATE_TLV
        | Instruction::SUSPEND_UICC
        | Instruction::GET_IDENTITY
        | Instruction::EXCHANGE_CAPABILITIES
        | Instruction::ENVELOPE
        | Instruction::RETRIEVE_DATA => Direction::InOut,
        _ => Direction::None,
    }
}

/// Whether an instruction can be told from SW1.
const fn is_instruction(instruction: Instruction) -> bool {
    !matches!(instruction.0 >> 4, 0x6 | 0x9)
}

/// Whether a procedure byte is SW1.
const fn is_sw1(octet: u8) -> bool {
    octet != NULL && matches!(octet >> 4, 0x6 | 0x9)
}

/// The class of GET RESPONSE after a command: interindustry on the same channel, or that of TS 51.011.
fn interindustry(class: Class) -> Class {
    class.channel().and_then(|channel| Class::INTERINDUSTRY.on_channel(channel)).unwrap_or(class)
}
