//! The virtual card that a script says it is for.

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use oxisim_card::Card;
use oxisim_script::syntax::Declared;

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
    let personal = args.built_in().with(beside(&declared.file), applets?, beside(&declared.contacts));
    personal.copy(&PinArgs::default())
}
