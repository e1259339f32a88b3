//! `oxisim card`: the virtual card in real time, in a reader.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use clap::ValueEnum as _;
use oxisim_card::{Card, Profile, Status};
use oxisim_server::Msisdn;
use oxisim_trace::{Clock, Recorded};
use oxisim_transport::{SmartCard, TcpServer, vpcd};
use oxisim_wire::Instant;
use signal_hook::{consts::signal, flag};

use crate::{
    applets::AppletName,
    backup::{NUMBER, wall_clock},
    card_applets, card_dump, card_image, card_personalise,
    failure::Failure,
    image::{self, StateFile},
    input,
    live::PinArgs,
    phonebook,
    report::count,
    run::forget_confirmed,
    trace::{TraceArgs, finish},
};

/// What a reader that does not exist needs.
const HELP: &str = "\
The card goes into a PC/SC reader that does not exist: the driver vpcd of the Virtual Smart Card
project, in the PC/SC service pcscd. On Debian and Ubuntu, as root:

  apt-get install pcscd vsmartcard-vpcd opensc pcsc-tools
  systemctl restart pcscd     (without systemd: pcscd)

vpcd has two slots, at ports 35963 and 35964. Then, while the card runs:

  oxisim readers
  oxisim phone --reader \"Virtual PCD 00 00\"
  opensc-tool --atr

Examples:
  oxisim card
  oxisim card --contacts contacts-255.vcf --vpcd 127.0.0.1:35964
  oxisim card --tcp 127.0.0.1:7816
  oxisim card --tcp 127.0.0.1:7816 --applet hello --applet echo
  oxisim card --trace card.pcapng
  oxisim card --applets --applet hello --applet echo
  oxisim card init --out CARD.toml
  oxisim card --image CARD.toml
  oxisim card dump --reader Omnikey --out DUMP.json
  oxisim card import DUMP.json --out COPY.toml
  oxisim card personalise CARD.toml --version 1 --algorithm aes --kic @KIC.hex --kid @KID.hex
  oxisim card personalise CARD.toml --number +15550100001";

/// Run a virtual card with toolkit applets, until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    file: Option<FileCommand>,
    /// Put the card into the reader of vpcd that listens here.
    #[arg(long, value_name = "HOST:PORT", default_value = vpcd::DEFAULT_ADDRESS)]
    vpcd: String,
    /// Let terminals connect here instead; docs of oxisim-transport have the frames.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "vpcd")]
    tcp: Option<String>,
    #[command(flatten)]
    card: Personal,
    #[command(flatten)]
    pin: PinArgs,
    #[command(flatten)]
    trace: TraceArgs,
    /// List the applets on the card, with what they use and may use (octets of memory) and what they do, and end.
    #[arg(long, conflicts_with_all = ["vpcd", "tcp", "contacts", "trace"])]
    applets: bool,
    /// What the card of the file has written, if it is not in the file beside it; to list its applets.
    #[arg(long, value_name = "CARD.state", requires_all = ["applets", "image"])]
    state: Option<PathBuf>,
    /// Print the list as JSON.
    #[arg(long, requires = "applets")]
    json: bool,
}

/// What is done with the file of a card, and what makes one of a card in a reader.
#[derive(Debug, clap::Subcommand)]
enum FileCommand {
    Init(card_image::InitArgs),
    Import(card_image::ImportArgs),
    Dump(card_dump::DumpArgs),
    Personalise(card_personalise::PersonaliseArgs),
}

/// What is on a virtual card.
#[derive(Debug, clap::Args)]
pub struct Personal {
    /// The card of this file, as `oxisim card init` and `oxisim card import` write it; what it writes is kept beside.
    #[arg(long, value_name = "CARD.toml")]
    image: Option<PathBuf>,
    /// Contacts for the card's phonebook.
    #[arg(long, value_name = "F.vcf")]
    contacts: Option<PathBuf>,
    /// An applet that is on the card, by its name or its AID; may be given several times; `backup` if none is. A card of a file
    /// names its own.
    #[arg(long = "applet", value_name = "NAME", ignore_case = true, conflicts_with = "image")]
    applet: Vec<AppletName>,
    /// The subscriber; +15550100001 if none is given.
    #[arg(long)]
    number: Option<Msisdn>,
    /// Let the card want to be asked about calls and messages before they go out. A card of a file says so itself.
    #[arg(long, conflicts_with = "image")]
    control: bool,
}

impl Personal {
    /// Whether the card is of a file.
    pub const fn has_image(&self) -> bool {
        self.image.is_some()
    }

    /// Whether a card is named, or what is on it.
    pub const fn names_card(&self) -> bool {
        self.image.is_some() || self.contacts.is_some() || !self.applet.is_empty()
    }

    /// The line of a script that names such a card, wherever the script is.
    pub fn script_head(&self) -> String {
        let file = |path: &PathBuf| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            format!("\"{}\"", path.display().to_string().replace('\\', r"\\").replace('"', "\\\""))
        };
        let mut head = vec!["card".to_owned()];
        if let Some(path) = &self.image {
            head.push(file(path));
        } else {
            let names = if self.applet.is_empty() { &[AppletName::Backup][..] } else { &self.applet };
            let names = names.iter().filter_map(|name| Some(name.to_possible_value()?.get_name().to_owned()));
            head.push(format!("with {}", names.collect::<Vec<_>>().join(", ")));
        }
        head.extend(self.contacts.as_ref().map(|path| format!("contacts {}", file(path))));
        head.extend(self.number.as_ref().map(|number| format!("number \"{number}\"")));
        head.extend(self.control.then(|| "control".to_owned()));
        head.join(" ")
    }

    /// The card of this file, or with these applets, with these contacts; the same subscriber's, and as this one asks about
    /// calls and messages, unless something else is said.
    pub fn with(
        &self,
        image: Option<PathBuf>,
        applet: Vec<AppletName>,
        contacts: Option<PathBuf>,
        number: Option<Msisdn>,
        control: bool,
    ) -> Self {
        let number = number.or_else(|| self.number.clone());
        Self { image, contacts, applet, number, control: control || self.control }
    }

    /// Whether the subscriber is named.
    pub const fn names_number(&self) -> bool {
        self.number.is_some()
    }

    /// The subscriber.
    pub fn number(&self) -> Msisdn {
        self.number.clone().unwrap_or_else(|| NUMBER.parse().expect("the usual number is one"))
    }

    /// The card with its applets; says what of the contacts is on it. To write them may take the PIN.
    pub fn card(&self, pin: &PinArgs, out: &mut impl Write) -> Result<RealTime, Failure> {
        let RealTime { mut card, mut state } = match &self.image {
            Some(path) => RealTime::open(path)?,
            None => RealTime::new(self.built_in()?),
        };
        if let Some(path) = &self.contacts {
            let (written, import) = phonebook::store(card, pin, &input::contacts(path)?);
            card = written;
            if let Some(state) = &mut state {
                state.save(&card)?;
            }
            let import = import?;
            input::report(path, "SIM", &import, out)?;
            writeln!(out, "{} on the card", count(import.book.len(), "contact"))?;
        }
        Ok(RealTime { card, state })
    }

    /// A card like this one, of which nothing is kept.
    pub fn copy(&self, pin: &PinArgs) -> Result<Card, Failure> {
        let card = self.look(None)?;
        let Some(path) = &self.contacts else { return Ok(card) };
        let (card, import) = phonebook::store(card, pin, &input::contacts(path)?);
        import.map(|_| card)
    }

    /// The built-in card of this subscriber, without applets.
    pub fn empty(&self) -> Card {
        Card::new(&self.profile())
    }

    fn profile(&self) -> Profile {
        Profile { msisdn: self.number().digits().into(), controls: self.control, ..Profile::default() }
    }

    /// The card as it is now, perhaps in the hands of another process, to be looked at.
    fn look(&self, state: Option<&Path>) -> Result<Card, Failure> {
        match &self.image {
            Some(path) => image::look(path, state),
            None => self.built_in(),
        }
    }

    fn built_in(&self) -> Result<Card, Failure> {
        let mut card = self.empty();
        let applets = if self.applet.is_empty() { &[AppletName::Backup][..] } else { &self.applet };
        for (place, &name) in applets.iter().enumerate() {
            if applets.iter().take(place).any(|&other| other == name) {
                let word = name.to_possible_value().map_or_else(String::new, |value| value.get_name().into());
                return Err(Failure::Usage(format!("--applet {word} twice: a card has an applet once")));
            }
            name.install(&mut card).map_err(|error| {
                Failure::NotDone(format!("the applet {name:?} cannot be installed: {error}"))
            })?;
        }
        Ok(card)
    }
}

/// A card that lives in real time.
pub struct RealTime {
    card: Card,
    /// What keeps what it writes, if it has a file.
    state: Option<StateFile>,
}

impl RealTime {
    /// A card that keeps nothing.
    const fn new(card: Card) -> Self {
        Self { card, state: None }
    }

    /// The card of a file.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let (card, state) = image::open(path)?;
        Ok(Self { card, state: Some(state) })
    }

    /// Lets the applet, if it is on the card, send everything the next time, whatever the server has confirmed.
    pub fn forget_confirmed(mut self) -> Result<(), Failure> {
        forget_confirmed(&mut self.card)?;
        self.save()
    }

    /// The card, to be changed by whoever makes cards.
    pub const fn card(&mut self) -> &mut Card {
        &mut self.card
    }

    /// Puts on disk what was changed of the card.
    pub fn save(&mut self) -> Result<(), Failure> {
        self.state.as_mut().map_or(Ok(()), |state| state.save(&self.card))
    }

    /// Powers the card on at a time that whoever replays a trace has from there.
    pub fn power_on_at(&mut self, now: Instant) -> Vec<u8> {
        log::info!("card: on");
        self.card.power_on(now)
    }

    /// Handles a command APDU at such a time.
    pub fn exchange_at(&mut self, now: Instant, apdu: &[u8]) -> Vec<u8> {
        let response = self.card.exchange(now, apdu);
        let response = self.keep().map_or_else(Into::into, |()| response).into_bytes();
        log::debug!("card: {} -> {}", hex::encode_upper(apdu), hex::encode_upper(&response));
        response
    }

    /// Puts on disk what the card has written, before anyone is told that it did.
    fn keep(&mut self) -> Result<(), Status> {
        let Some(state) = &mut self.state else { return Ok(()) };
        state.save(&self.card).map_err(|failure| {
            log::error!("card: {failure}");
            Status::MEMORY_PROBLEM
        })
    }
}

impl SmartCard for RealTime {
    fn power_on(&mut self) -> Vec<u8> {
        self.power_on_at(wall_clock())
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.exchange_at(wall_clock(), apdu)
    }

    fn power_off(&mut self) {
        log::info!("card: off");
        self.card.power_off();
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.file {
        Some(FileCommand::Init(args)) => return card_image::init(args),
        Some(FileCommand::Import(args)) => return card_image::import(args),
        Some(FileCommand::Dump(args)) => return card_dump::run(args),
        Some(FileCommand::Personalise(args)) => return card_personalise::personalise(args),
        None => {}
    }
    if args.card.has_image() && args.card.names_number() {
        return Err(Failure::Usage("--number: the card of a file has its own".into()));
    }
    if args.applets {
        let card = args.card.look(args.state.as_deref())?;
        return card_applets::list(&card, args.json, &mut io::stdout().lock());
    }
    if args.card.contacts.is_none() && (args.pin.pin.is_some() || args.pin.last_try) {
        return Err(Failure::Usage("the PIN is for contacts that are to be written: --contacts".into()));
    }
    let card = args.card.card(&args.pin, &mut io::stdout())?;
    match args.trace.open(Clock::Real, wall_clock())? {
        Some(recorder) => {
            let served = serve(args, &mut Recorded::new(card, recorder.clone(), wall_clock));
            finish(Some(&recorder), served)
        }
        None => serve(args, &mut { card }),
    }
}

/// Lets terminals use the card, until a signal ends it.
fn serve(args: &Args, card: &mut impl SmartCard) -> Result<(), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for ends in [signal::SIGINT, signal::SIGTERM] {
        flag::register(ends, Arc::clone(&stop))?;
    }
    match &args.tcp {
        Some(address) => {
            let server = TcpServer::bind(address)?;
            say(&format!("the card waits for a terminal at {}", server.local_address()));
            server.serve(card, &stop, |visit| say(&visit.to_string()))?;
        }
        None => vpcd::serve(&args.vpcd, card, &stop, |news| say(&news.to_string())),
    }
    say("the card is out of the reader");
    Ok(())
}

/// Prints a line, which whoever reads it gets at once; if nobody does, the card goes on.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        log::debug!("{line} (not printed: {error})");
    }
}
