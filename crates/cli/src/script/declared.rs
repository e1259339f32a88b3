//! The virtual card that a script says it is for.

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use oxisim_card::Card;
use oxisim_script::syntax::Declared;
use oxisim_server::Msisdn;

use super::{place::PlaceArgs, sources};
use crate::{applets::AppletName, failure::Failure, live::PinArgs};

/// The card that a script names; files of it are where the script is.
pub fn card(declared: &Declared, script: &Path, args: &PlaceArgs) -> Result<Card, Failure> {
    let beside = |path: &Option<String>| -> Option<PathBuf> {
        path.as_ref().map(|path| sources::beside(script, path))
    };
    let applets: Result<Vec<AppletName>, Failure> = declared
        .applets
        .iter()
        .map(|name| {
            let none = |_| Failure::Usage(format!("{}: there is no applet {name:?}", script.display()));
            AppletName::from_str(name, false).map_err(none)
        })
        .collect();
    let number: Option<Result<Msisdn, _>> = declared.number.as_ref().map(|number| number.parse());
    let number =
        number.transpose().map_err(|error| Failure::Usage(format!("{}: {error}", script.display())))?;
    let (file, contacts) = (beside(&declared.file), beside(&declared.contacts));
    let personal = args.built_in().with(file, applets?, contacts, number, declared.control);
    personal.copy(&PinArgs::default())
}
