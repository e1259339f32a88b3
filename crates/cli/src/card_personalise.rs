//! `oxisim card personalise`: keys for packets over the air, written into the file of a card.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use oxisim_card::{KeySet, TypedKey};
use oxisim_sms::packet::Counter;

use crate::{
    failure::Failure,
    file,
    image::{self, KeyTypeName, StateFile},
    ota::key,
    personalise,
};

/// Write keys onto the card of a file: with `--version` a key set of the card's own, for packets over the air, into the
/// file; with `--number` the keys of the backup applet, into what the card has written, beside it.
///
/// A key is hexadecimal, or @FILE that holds it so; one that is not given is in the environment: `OXISIM_KEY_KIC`,
/// `OXISIM_KEY_KID`, `OXISIM_KEY_KIK`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  oxisim card personalise CARD.toml --version 1 --algorithm aes \\\n    --kic @KIC.hex --kid @KID.hex --kik @KIK.hex\n  oxisim card personalise CARD.toml --number +15550100001\n  oxisim card personalise CARD.toml --number +15550100001 --key-version 2",
    group = clap::ArgGroup::new("keys").required(true).args(["version", "number", "no_enrol"]),
    disable_version_flag = true
)]
pub struct PersonaliseArgs {
    /// The file of the card, as `oxisim card init` writes it.
    #[arg(value_name = "CARD.toml")]
    card: PathBuf,
    /// The number of the key set, 1 to 15, as `KIc` and `KID` say it.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=15))]
    version: Option<u8>,
    /// What the keys are for.
    #[arg(long, value_enum, requires = "version")]
    algorithm: Option<AlgorithmName>,
    /// The last counter that counts as accepted.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..1 << 40))]
    counter: u64,
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten, next_help_heading = "The backup applet")]
    applet: personalise::Args,
}

/// What the keys of a key set are for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum AlgorithmName {
    /// DES with keys of 8 octets, triple DES with 16 or 24.
    Des,
    /// AES with keys of 16, 24 or 32 octets.
    Aes,
}

impl From<AlgorithmName> for KeyTypeName {
    fn from(name: AlgorithmName) -> Self {
        match name {
            AlgorithmName::Des => Self::Des,
            AlgorithmName::Aes => Self::Aes,
        }
    }
}

/// The keys themselves.
#[derive(Debug, clap::Args)]
struct SecretArgs {
    /// The key that ciphers.
    #[arg(long, value_name = "HEX|@FILE")]
    kic: Option<String>,
    /// The key of the checksum.
    #[arg(long, value_name = "HEX|@FILE")]
    kid: Option<String>,
    /// The key that encrypts new keys; without it none can be put over the air.
    #[arg(long, value_name = "HEX|@FILE")]
    kik: Option<String>,
}

impl SecretArgs {
    /// `KIc`, `KID` and perhaps `KIK`.
    fn keys(&self, algorithm: KeyTypeName) -> Result<(TypedKey, TypedKey, Option<TypedKey>), Failure> {
        let typed = |given: &Option<String>, word: &str, variable: &str| {
            let Some(key) = key(given.as_deref(), word, variable)? else { return Ok(None) };
            match TypedKey::new(algorithm.kind(), key.octets()) {
                Some(typed) => Ok(Some(typed)),
                None => Err(Failure::Usage(format!("{word}: a key has {} octets", algorithm.lengths()))),
            }
        };
        let needed = |key: Option<TypedKey>, word: &str, variable: &str| {
            key.ok_or_else(|| Failure::Usage(format!("{word} or {variable} must be given")))
        };
        let kic = needed(typed(&self.kic, "--kic", "OXISIM_KEY_KIC")?, "--kic", "OXISIM_KEY_KIC")?;
        let kid = needed(typed(&self.kid, "--kid", "OXISIM_KEY_KID")?, "--kid", "OXISIM_KEY_KID")?;
        Ok((kic, kid, typed(&self.kik, "--kik", "OXISIM_KEY_KIK")?))
    }
}

/// Runs `card personalise`.
pub fn personalise(args: &PersonaliseArgs) -> Result<(), Failure> {
    let path = &args.card;
    let Some(version) = args.version else { return personalise::run(path, &args.applet) };
    let algorithm =
        args.algorithm.ok_or_else(|| Failure::Usage("--version needs --algorithm, des or aes".into()))?;
    let (kic, kid, wrapping) = args.secrets.keys(algorithm.into())?;
    let counter = Counter::new(args.counter).unwrap_or(Counter::MAX);
    let set = KeySet { version, kic, kid, kik: wrapping, counter };
    let text = file::text(path).map_err(|error| Failure::Read { path: path.into(), error })?;
    let wrong = |wrong| Failure::Image { path: path.into(), wrong };
    let (text, mut card) = image::with_key_set(&text, &set).map_err(wrong)?;
    let state = StateFile::path(path);
    image::read_state(path, &state, &mut card)?;
    if !card.key_sets().contains(&set) {
        // What a card has written since it was made goes before what its file says.
        let reason = format!("{} has got keys over the air: {} has them", path.display(), state.display());
        return Err(Failure::NotDone(reason));
    }
    image::write_whole(path, text.as_bytes()).map_err(|error| Failure::Write { path: path.into(), error })?;
    writeln!(io::stdout(), "{} has key set {version}", path.display())?;
    Ok(())
}
