//! The applets of a card's file.

use oxisim_applets::{Balance, Echo, Hello, PhonebookBackup, Tracker};
use oxisim_backup::{Coding, Mode, NoMode, Settings, Way};
use oxisim_card::{Applet, Card};
use oxisim_sms::{Address, Msisdn};
use oxisim_wire::Duration;
use serde::Deserialize;
use toml::Spanned;

use crate::{Tables, locate::At, words};

/// Applets to install, in this order.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppletForms {
    /// The phonebook backup applet.
    backup: Option<Spanned<BackupForm>>,
    /// The applet that greets.
    hello: Option<Spanned<NoSettings>>,
    /// The applet that sends messages back.
    echo: Option<Spanned<NoSettings>>,
    /// The applet that asks for the balance.
    balance: Option<Spanned<BalanceForm>>,
    /// The applet that keeps the last places.
    tracker: Option<Spanned<TrackerForm>>,
}

/// An applet that has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoSettings {}

/// Settings of the balance applet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BalanceForm {
    /// What the operator answers with the balance.
    code: String,
}

/// Settings of the location tracker.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackerForm {
    /// Who may ask for the last place, in international format.
    owner: Spanned<String>,
}

/// Settings of the phonebook backup applet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BackupForm {
    /// The server's number, in international format.
    server: Spanned<String>,
    /// The way of a backup.
    mode: Option<Spanned<String>>,
    /// The way that `auto` and `ask` take when it is not the normal one.
    #[serde(rename = "async")]
    asynchronous: Option<Spanned<String>>,
    /// Blocks that are sent before a pause.
    subset: Option<Spanned<u16>>,
    /// The pause after a subset.
    pause: Option<Spanned<String>>,
    /// Spread the whole backup over this time.
    spread: Option<Spanned<String>>,
    /// `auto`: the longest time that a normal backup may keep the phone busy.
    threshold: Option<Spanned<String>>,
    /// `auto`: the most octets that go the normal way.
    volume_threshold: Option<u32>,
    /// Most contacts of one block.
    contacts_per_block: Option<Spanned<u16>>,
    /// How blocks are coded.
    coding: Option<Spanned<CodingForm>>,
    /// A backup starts by itself after this time.
    interval: Option<Spanned<String>>,
}

/// A coding: a word, a name or a file, or the number of a table.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum CodingForm {
    Number(u8),
    Word(String),
}

impl AppletForms {
    /// Puts the applets on a card.
    pub fn install(&self, card: &mut Card, tables: Tables<'_>) -> Result<(), At> {
        let Self { backup, hello, echo, balance, tracker } = self;
        put(card, backup.as_ref(), |form| phonebook_backup(form, tables))?;
        put(card, hello.as_ref(), |_| Ok(Hello))?;
        put(card, echo.as_ref(), |_| Ok(Echo::default()))?;
        put(card, balance.as_ref(), |form| Ok(Balance::new(form.code.as_str())))?;
        put(card, tracker.as_ref(), |form| Ok(Tracker::new(number(&form.owner)?)))
    }
}

/// Puts an applet on a card, if it has a table.
fn put<F, A: Applet + 'static>(
    card: &mut Card,
    form: Option<&Spanned<F>>,
    applet: impl FnOnce(&F) -> Result<A, At>,
) -> Result<(), At> {
    let Some(form) = form else { return Ok(()) };
    card.add_applet(applet(form.get_ref())?)
        .map_err(|error| At::new(form, format!("the applet cannot be installed: {error}")))
}

fn number(text: &Spanned<String>) -> Result<Address, At> {
    let number: Result<Msisdn, _> = text.get_ref().parse();
    number.map(|number| number.address()).map_err(|error| At::new(text, error.to_string()))
}

/// The phonebook backup applet, as it is set.
fn phonebook_backup(form: &BackupForm, tables: Tables<'_>) -> Result<PhonebookBackup, At> {
    let defaults = Settings::default();
    let server = number(&form.server)?;
    let settings = Settings {
        mode: mode(form.mode.as_ref())?.unwrap_or(defaults.mode),
        asynchronous: way(form.asynchronous.as_ref())?.unwrap_or(defaults.asynchronous),
        subset: positive(form.subset.as_ref())?.unwrap_or(defaults.subset),
        pause: time(form.pause.as_ref())?.unwrap_or(defaults.pause),
        spread: time(form.spread.as_ref())?,
        threshold: time(form.threshold.as_ref())?.unwrap_or(defaults.threshold),
        volume_threshold: form.volume_threshold,
        contacts_per_block: positive(form.contacts_per_block.as_ref())?
            .map_or(defaults.contacts_per_block, usize::from),
        coding: coding(form.coding.as_ref(), tables)?,
        interval: time(form.interval.as_ref())?,
        ..defaults
    };
    Ok(PhonebookBackup::new(server, settings))
}

fn time(text: Option<&Spanned<String>>) -> Result<Option<Duration>, At> {
    text.map(|text| words::duration(text.get_ref()).map_err(|reason| At::new(text, reason))).transpose()
}

/// Compact with the table for all countries, if nothing is said.
fn coding(form: Option<&Spanned<CodingForm>>, tables: Tables<'_>) -> Result<Coding, At> {
    let Some(form) = form else { return Ok(Coding::general()) };
    let coding = match form.get_ref() {
        CodingForm::Number(number) => words::coding(&number.to_string(), tables),
        CodingForm::Word(word) => words::coding(word, tables),
    };
    coding.map_err(|reason| At::new(form, reason))
}

fn positive(number: Option<&Spanned<u16>>) -> Result<Option<u16>, At> {
    match number {
        Some(number) if *number.get_ref() == 0 => Err(At::new(number, "at least 1")),
        number => Ok(number.map(|number| *number.get_ref())),
    }
}

/// The way of a backup.
fn mode(name: Option<&Spanned<String>>) -> Result<Option<Mode>, At> {
    name.map(|name| name.get_ref().parse().map_err(|error: NoMode| At::new(name, error.to_string())))
        .transpose()
}

/// An asynchronous way.
fn way(name: Option<&Spanned<String>>) -> Result<Option<Way>, At> {
    let Some(name) = name else { return Ok(None) };
    match name.get_ref().parse() {
        Ok(Mode::Fixed(way)) if way != Way::NORMAL => Ok(Some(way)),
        _ => Err(At::new(name, "one of server, timer and status")),
    }
}
