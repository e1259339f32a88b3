//! What the card's own applications ask of packets over the air, and may do, in a card's file, both ways.

use oxisim_card::{AccessDomain, Image, KeyReference, RemoteApplication, SecurityLevel, SubmitRule};
use toml::Spanned;

use crate::{
    access::{parse_key, show_key},
    build::exactly,
    document::{RemoteForm, SubmitName},
    locate::At,
};

/// Words between keys that count together.
const AND: &str = " and ";

/// Gives applications what a document says of them; which packets get a receipt in a message.
pub fn read(form: Option<&RemoteForm>, applications: &mut [RemoteApplication]) -> Result<SubmitRule, At> {
    let Some(form) = form else { return Ok(SubmitRule::default()) };
    if let Some(security) = &form.security {
        let [level] = exactly(security)?;
        for application in &mut *applications {
            application.security = SecurityLevel(level);
        }
    }
    if let Some(text) = &form.access {
        let (access, keys) = access(text)?;
        for application in applications {
            (application.access, application.keys) = (access, keys.clone());
        }
    }
    Ok(match form.submit {
        Some(SubmitName::Always) => SubmitRule::Always,
        Some(SubmitName::Accepted) | None => SubmitRule::Accepted,
    })
}

/// Reads `full`, `none`, `adm1`, `pin1 and adm1`.
fn access(text: &Spanned<String>) -> Result<(AccessDomain, Vec<KeyReference>), At> {
    match text.get_ref().trim() {
        "full" => Ok((AccessDomain::FULL, Vec::new())),
        "none" => Ok((AccessDomain::NONE, Vec::new())),
        keys => {
            let keys = keys.split(AND).map(|key| parse_key(key.trim())).collect::<Option<_>>();
            let wrong =
                || format!("{:?} is not full, none, or keys such as \"pin1 and adm1\"", text.get_ref());
            keys.map(|keys| (AccessDomain::UICC, keys)).ok_or_else(|| At::new(text, wrong()))
        }
    }
}

/// The lines of a card's applications, if they are not as they are on any card.
pub fn lines(image: &Image) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(application) = image.remote.first() {
        if application.security != SecurityLevel::REPLAY_SAFE {
            lines.push(format!("security = \"{:02X}\"", application.security.0));
        }
        match application.access {
            AccessDomain::FULL => {}
            AccessDomain::UICC => {
                let keys: Vec<_> = application.keys.iter().map(|&key| show_key(key)).collect();
                lines.push(format!("access = \"{}\"", keys.join(AND)));
            }
            _ => lines.push("access = \"none\"".into()),
        }
    }
    if image.submit == SubmitRule::Always {
        lines.push("submit = \"always\"".into());
    }
    if !lines.is_empty() {
        lines.splice(..0, [String::new(), "[remote]".into()]);
    }
    lines
}
