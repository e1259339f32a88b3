//! Key sets for packets over the air in a card's file, both ways.

use oxisim_card::{KeySet, KeyType, TypedKey};
use oxisim_sms::packet::Counter;
use toml::Spanned;

use crate::words::count;
use crate::{
    build::hexadecimal,
    document::{KeySetForm, KeyTypeName},
    locate::At,
};

impl KeyTypeName {
    /// The type of its keys.
    #[must_use]
    pub const fn kind(self) -> KeyType {
        match self {
            Self::Des => KeyType::DES,
            Self::Aes => KeyType::AES,
        }
    }

    /// Octets that its keys may have, in words.
    #[must_use]
    pub const fn lengths(self) -> &'static str {
        match self {
            Self::Des => "8, 16 or 24",
            Self::Aes => "16, 24 or 32",
        }
    }
}

/// The key sets of a document.
pub fn read(forms: &[KeySetForm]) -> Result<Vec<KeySet>, At> {
    let mut sets: Vec<KeySet> = Vec::new();
    for form in forms {
        let version = *form.version.get_ref();
        if !(1..=15).contains(&version) {
            return Err(At::new(&form.version, format!("{version}: key sets have the numbers 1 to 15")));
        }
        if sets.iter().any(|set| set.version == version) {
            return Err(At::new(&form.version, format!("key set {version} is there already")));
        }
        let algorithm = *form.algorithm.get_ref();
        let counter = match &form.counter {
            None => Counter::default(),
            Some(counter) => Counter::new(*counter.get_ref())
                .ok_or_else(|| At::new(counter, "a counter has five octets"))?,
        };
        sets.push(KeySet {
            version,
            kic: key(algorithm, &form.kic)?,
            kid: key(algorithm, &form.kid)?,
            kik: form.kik.as_ref().map(|kik| key(algorithm, kik)).transpose()?,
            counter,
        });
    }
    Ok(sets)
}

fn key(algorithm: KeyTypeName, text: &Spanned<String>) -> Result<TypedKey, At> {
    let octets = hexadecimal(text)?;
    TypedKey::new(algorithm.kind(), &octets).ok_or_else(|| {
        let found = count(octets.len(), "octet");
        At::new(text, format!("{found}; a key has {}", algorithm.lengths()))
    })
}

/// The lines of a key set.
pub fn lines(set: &KeySet) -> Vec<String> {
    let key = |name: &str, key: &TypedKey| format!("{name} = \"{}\"", hex::encode_upper(key.key.octets()));
    let algorithm = if set.kic.kind == KeyType::AES { "aes" } else { "des" };
    let mut lines = vec![
        String::new(),
        "[[keys]]".into(),
        format!("version = {}", set.version),
        format!("algorithm = \"{algorithm}\""),
        key("kic", &set.kic),
        key("kid", &set.kid),
    ];
    lines.extend(set.kik.as_ref().map(|kik| key("kik", kik)));
    lines.push(format!("counter = {}", set.counter.value()));
    lines
}
