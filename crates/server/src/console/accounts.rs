//! Who may use the console: accounts, their sessions, and the tokens of programs.

use argon2::{
    Argon2, PasswordHash, PasswordVerifier,
    password_hash::{PasswordHasher, SaltString},
};
use oxisim_wire::{Duration, Instant};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::{desk::DeskError, drawers::Drawers};
use crate::store::Drawer;

/// A session ends when nothing was asked for so long.
const IDLE: Duration = Duration::from_mins(30);

/// A session ends after this time at the latest.
const LONGEST: Duration = Duration::from_mins(12 * 60);

/// How exactly it is known when a session was last used.
const SEEN_EVERY: Duration = Duration::from_mins(1);

/// The most accounts.
pub(super) const ACCOUNTS: usize = 200;

/// The most sessions, and the most tokens, of one account.
const OF_ONE: usize = 16;

/// Characters that a password has at least, and at most.
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=256;

/// The most characters of a name or of a token's label.
const NAME: usize = 40;

/// What the holder of an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks at logs and figures. Numbers of subscribers are masked, contacts are not shown.
    Auditor,
    /// Sees everything, restores, forgets, sets policies, and manages accounts.
    Operator,
}

impl Role {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// Its password, hashed (argon2id, PHC string).
    hash: String,
    /// Whether nobody can sign in with it.
    #[serde(default)]
    pub is_suspended: bool,
    /// Seconds of Unix time at which it was made.
    pub since: u64,
}

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    pub account: String,
    /// What a form must carry, so that no other site's form works.
    pub csrf: String,
    pub since: u64,
    pub seen: u64,
}

/// A program's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    pub account: String,
    pub label: String,
    pub since: u64,
}

/// What an operator does to another's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nobody can sign in with it.
    Suspend,
    /// It can be used again.
    Resume,
    /// It is gone, with its sessions and tokens.
    Delete,
}

/// Why an account is not as it is wanted.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name cannot be one.
    #[error("a name has 1 to {NAME} characters: letters, digits, and . _ - between them")]
    Name,
    /// The password cannot be one.
    #[error("a password has {} to {} characters", PASSWORD.start(), PASSWORD.end())]
    Password,
    /// There is an account with this name.
    #[error("there is an account with this name")]
    Taken,
    /// There is an account: others are made by its holder.
    #[error("there is an account already: sign in with it")]
    NotFirst,
    /// There is no such account, or its password is another.
    #[error("name or password is wrong")]
    Wrong,
    /// Nobody else could manage accounts.
    #[error("it is the last operator's account")]
    LastOperator,
    /// There are too many.
    #[error("there are {0} already: delete one first")]
    TooMany(usize),
    /// The system gives no random octets.
    #[error("the system gives no random octets")]
    Random,
    /// The documents cannot be read or written.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// The accounts in their drawers.
#[derive(Clone, Copy)]
pub(super) struct Accounts<'a>(pub &'a dyn Drawers);

impl Accounts<'_> {
    /// All accounts, in the order of their names.
    pub fn all(self) -> Result<Vec<Profile>, AccountError> {
        self.documents(Drawer::Accounts).map(|all| all.into_iter().map(|(_, account)| account).collect())
    }

    pub fn get(self, name: &str) -> Result<Option<Profile>, AccountError> {
        self.document(Drawer::Accounts, name)
    }

    pub fn create(self, name: &str, password: &str, role: Role, now: Instant) -> Result<(), AccountError> {
        if !is_name(name) {
            return Err(AccountError::Name);
        }
        let all = self.all()?;
        if all.iter().any(|account| account.name == name) {
            return Err(AccountError::Taken);
        }
        if all.len() >= ACCOUNTS {
            return Err(AccountError::TooMany(ACCOUNTS));
        }
        let hash = hash(password)?;
        let account = Profile { name: name.into(), role, hash, is_suspended: false, since: now.as_secs() };
        // Another server may have made it meanwhile.
        let is_made = self.0.swap(Drawer::Accounts, name, None, Some(&encode(&account)?))?;
        if is_made { Ok(()) } else { Err(AccountError::Taken) }
    }

    /// Makes an operator's account if there is no account yet.
    pub fn create_first(self, name: &str, password: &str, now: Instant) -> Result<(), AccountError> {
        if !self.all()?.is_empty() {
            return Err(AccountError::NotFirst);
        }
        self.create(name, password, Role::Operator, now)
    }

    /// The account, if the password is its own. It takes as long if there is no such account.
    pub fn check(self, name: &str, password: &str) -> Result<Profile, AccountError> {
        /// Of a password that nobody has.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$b3hpc2ltIG5vYm9keQ$\
                              AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let account = self.get(name)?;
        let hash = account.as_ref().map_or(NOBODY, |account| account.hash.as_str());
        let is_right = PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        account.filter(|account| is_right && !account.is_suspended).ok_or(AccountError::Wrong)
    }

    /// Gives an account another password; who is signed in with it is no longer.
    pub fn set_password(self, name: &str, password: &str) -> Result<(), AccountError> {
        let hash = hash(password)?;
        self.alter(name, |account| account.hash.clone_from(&hash))?;
        self.end_all(name, &[Drawer::Sessions])
    }

    /// Makes a change to the account with this name.
    pub fn change(self, name: &str, change: Change) -> Result<(), AccountError> {
        match change {
            Change::Suspend => self.suspend(name, true),
            Change::Resume => self.suspend(name, false),
            Change::Delete => self.delete(name),
        }
    }

    pub fn suspend(self, name: &str, is_suspended: bool) -> Result<(), AccountError> {
        if is_suspended {
            self.spare_the_last(name)?;
        }
        self.alter(name, |account| account.is_suspended = is_suspended)?;
        self.end_all(name, &[Drawer::Sessions])
    }

    pub fn delete(self, name: &str) -> Result<(), AccountError> {
        self.get(name)?.ok_or(AccountError::Wrong)?;
        self.spare_the_last(name)?;
        self.0.remove(Drawer::Accounts, name)?;
        self.end_all(name, &[Drawer::Sessions, Drawer::Tokens])
    }

    fn spare_the_last(self, name: &str) -> Result<(), AccountError> {
        let all = self.all()?;
        let mut others = all.iter().filter(|account| account.name != name);
        let has_other = others.any(|account| account.role == Role::Operator && !account.is_suspended);
        if has_other { Ok(()) } else { Err(AccountError::LastOperator) }
    }

    /// Begins a session; the secret that the browser keeps.
    pub fn sign_in(self, name: &str, now: Instant) -> Result<String, AccountError> {
        let mut of_account = Vec::new();
        for (key, session) in self.documents::<Session>(Drawer::Sessions)? {
            if !session.is_valid(now) {
                self.0.remove(Drawer::Sessions, &key)?;
            } else if session.account == name {
                of_account.push((session.since, key));
            }
        }
        of_account.sort_unstable();
        let surplus = (of_account.len() + 1).saturating_sub(OF_ONE);
        for (_, key) in of_account.drain(..surplus) {
            self.0.remove(Drawer::Sessions, &key)?;
        }
        let (secret, csrf, at) = (secret()?, secret()?, now.as_secs());
        let session = Session { account: name.into(), csrf, since: at, seen: at };
        self.write(Drawer::Sessions, &digest(&secret), &session)?;
        Ok(secret)
    }

    /// The session with this secret, and its account.
    pub fn session(self, secret: &str, now: Instant) -> Result<Option<(Profile, Session)>, AccountError> {
        let key = digest(secret);
        let Some(document) = self.0.get(Drawer::Sessions, &key)? else { return Ok(None) };
        let mut session: Session = decode(&document)?;
        let account = self.get(&session.account)?.filter(|account| !account.is_suspended);
        let Some(account) = account.filter(|_| session.is_valid(now)) else {
            self.0.remove(Drawer::Sessions, &key)?;
            return Ok(None);
        };
        if now.since(Instant::from_secs(session.seen)) >= SEEN_EVERY {
            session.seen = now.as_secs();
            // Who has signed out meanwhile, at another server, stays so.
            self.0.swap(Drawer::Sessions, &key, Some(&document), Some(&encode(&session)?))?;
        }
        Ok(Some((account, session)))
    }

    pub fn sign_out(self, secret: &str) -> Result<(), AccountError> {
        Ok(self.0.remove(Drawer::Sessions, &digest(secret))?)
    }

    /// Makes a token for a program, which may do what the account may; the secret is kept nowhere.
    pub fn create_token(self, account: &str, label: &str, now: Instant) -> Result<String, AccountError> {
        if label.is_empty() || label.chars().count() > NAME || label.chars().any(char::is_control) {
            return Err(AccountError::Name);
        }
        if self.tokens(account)?.len() >= OF_ONE {
            return Err(AccountError::TooMany(OF_ONE));
        }
        let secret = secret()?;
        let token = Token { account: account.into(), label: label.into(), since: now.as_secs() };
        self.write(Drawer::Tokens, &digest(&secret), &token)?;
        Ok(secret)
    }

    /// The tokens of an account, by their keys.
    pub fn tokens(self, account: &str) -> Result<Vec<(String, Token)>, AccountError> {
        let mut tokens = self.documents::<Token>(Drawer::Tokens)?;
        tokens.retain(|(_, token)| token.account == account);
        Ok(tokens)
    }

    /// The account of the token with this secret.
    pub fn bearer(self, secret: &str) -> Result<Option<Profile>, AccountError> {
        let Some(token) = self.document::<Token>(Drawer::Tokens, &digest(secret))? else { return Ok(None) };
        Ok(self.get(&token.account)?.filter(|account| !account.is_suspended))
    }

    /// Ends a token of an account; whether there was one.
    pub fn delete_token(self, account: &str, key: &str) -> Result<bool, AccountError> {
        let is_own = self.tokens(account)?.iter().any(|(known, _)| known == key);
        if is_own {
            self.0.remove(Drawer::Tokens, key)?;
        }
        Ok(is_own)
    }

    fn end_all(self, account: &str, drawers: &[Drawer]) -> Result<(), AccountError> {
        /// What sessions and tokens have in common.
        #[derive(Deserialize)]
        struct Owned {
            account: String,
        }
        for drawer in drawers {
            for (key, owned) in self.documents::<Owned>(*drawer)? {
                if owned.account == account {
                    self.0.remove(*drawer, &key)?;
                }
            }
        }
        Ok(())
    }

    /// Makes a change to an account that there is.
    fn alter(self, name: &str, change: impl Fn(&mut Profile)) -> Result<(), AccountError> {
        let mut is_known = false;
        self.0.change(Drawer::Accounts, name, &mut |document| {
            is_known = document.is_some();
            let Some(document) = document else { return Ok(None) };
            let mut account = decode(document)?;
            change(&mut account);
            encode(&account).map(Some)
        })?;
        if is_known { Ok(()) } else { Err(AccountError::Wrong) }
    }

    fn write(self, drawer: Drawer, key: &str, document: &impl Serialize) -> Result<(), AccountError> {
        Ok(self.0.put(drawer, key, &encode(document)?)?)
    }

    fn document<T: DeserializeOwned>(self, drawer: Drawer, key: &str) -> Result<Option<T>, AccountError> {
        Ok(self.0.get(drawer, key)?.map(|document| decode(&document)).transpose()?)
    }

    fn documents<T: DeserializeOwned>(self, drawer: Drawer) -> Result<Vec<(String, T)>, AccountError> {
        let all = self.0.all(drawer)?.into_iter();
        Ok(all.map(|(key, document)| Ok((key, decode(&document)?))).collect::<Result<_, DeskError>>()?)
    }
}

impl Session {
    fn is_valid(&self, now: Instant) -> bool {
        now.since(Instant::from_secs(self.seen)) < IDLE && now.since(Instant::from_secs(self.since)) < LONGEST
    }
}

/// A document as it is kept.
pub(super) fn encode(document: &impl Serialize) -> Result<Vec<u8>, DeskError> {
    serde_json::to_vec(document).map_err(|error| DeskError(error.into()))
}

/// A document that was kept.
pub(super) fn decode<T: DeserializeOwned>(document: &[u8]) -> Result<T, DeskError> {
    serde_json::from_slice(document).map_err(|error| DeskError(error.into()))
}

/// Whether it can be the name of an account or of a group: it stands in addresses as it is.
pub(super) fn is_name(name: &str) -> bool {
    let is_middle = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let has_ends = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    (1..=NAME).contains(&name.len()) && has_ends && name.chars().all(is_middle)
}

/// Thirty-two random octets, in hexadecimal digits.
pub(super) fn secret() -> Result<String, AccountError> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(|_| AccountError::Random)?;
    Ok(hex(&octets))
}

fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

fn hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(String::new(), |mut out, octet| {
        let _ = write!(out, "{octet:02x}");
        out
    })
}

fn hash(password: &str) -> Result<String, AccountError> {
    if !PASSWORD.contains(&password.chars().count()) {
        return Err(AccountError::Password);
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| AccountError::Random)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| AccountError::Random)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(|_| AccountError::Password)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::drawers::MemoryDrawers;

    const NOW: Instant = Instant::from_secs(1_800_000_000);

    fn with_ada() -> MemoryDrawers {
        let drawers = MemoryDrawers::default();
        Accounts(&drawers).create("ada", "correct horse battery", Role::Operator, NOW).unwrap();
        drawers
    }

    #[test]
    fn a_password_is_kept_as_argon2id_and_checked() {
        let drawers = with_ada();
        let accounts = Accounts(&drawers);
        let kept = drawers.get(Drawer::Accounts, "ada").unwrap().unwrap();
        let kept = String::from_utf8(kept).unwrap();
        assert!(kept.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !kept.contains("horse"), "{kept}");
        assert_eq!(accounts.check("ada", "correct horse battery").unwrap().role, Role::Operator);
        for (name, password) in [("ada", "correct horse"), ("bob", "correct horse battery"), ("", "")] {
            assert!(matches!(accounts.check(name, password), Err(AccountError::Wrong)));
        }
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_in_any_case() {
        let drawers = with_ada();
        let accounts = Accounts(&drawers);
        let secret = accounts.sign_in("ada", NOW).unwrap();
        assert!(accounts.session(&secret, NOW + Duration::from_mins(29)).unwrap().is_some());
        assert!(accounts.session(&secret, NOW + Duration::from_mins(58)).unwrap().is_some());
        assert!(accounts.session(&secret, NOW + Duration::from_mins(88)).unwrap().is_none());
        let secret = accounts.sign_in("ada", NOW).unwrap();
        let minutes = (0..12 * 60).step_by(20);
        assert!(
            minutes
                .map(|m| accounts.session(&secret, NOW + Duration::from_mins(m)).unwrap())
                .all(|s| s.is_some())
        );
        assert!(accounts.session(&secret, NOW + LONGEST).unwrap().is_none());
    }

    #[test]
    fn another_password_or_a_suspension_ends_the_sessions() {
        let drawers = with_ada();
        let accounts = Accounts(&drawers);
        accounts.create("eve", "correct horse battery", Role::Operator, NOW).unwrap();
        let secret = accounts.sign_in("ada", NOW).unwrap();
        let other = accounts.sign_in("eve", NOW).unwrap();
        accounts.set_password("ada", "another horse battery").unwrap();
        assert!(accounts.session(&secret, NOW).unwrap().is_none());
        accounts.suspend("eve", true).unwrap();
        assert!(accounts.session(&other, NOW).unwrap().is_none());
        assert!(matches!(accounts.check("eve", "correct horse battery"), Err(AccountError::Wrong)));
    }

    #[test]
    fn the_last_operator_stays() {
        let drawers = with_ada();
        let accounts = Accounts(&drawers);
        accounts.create("bob", "correct horse battery", Role::Auditor, NOW).unwrap();
        assert!(matches!(accounts.delete("ada"), Err(AccountError::LastOperator)));
        assert!(matches!(accounts.suspend("ada", true), Err(AccountError::LastOperator)));
        accounts.create("eve", "correct horse battery", Role::Operator, NOW).unwrap();
        accounts.delete("ada").unwrap();
    }

    #[test]
    fn sessions_and_tokens_of_one_account_are_limited() {
        let drawers = with_ada();
        let accounts = Accounts(&drawers);
        let first = accounts.sign_in("ada", NOW).unwrap();
        for n in 1..=OF_ONE as u64 {
            accounts.sign_in("ada", NOW + Duration::from_secs(n)).unwrap();
            accounts.create_token("ada", "t", NOW).map(drop).unwrap_or_default();
        }
        assert!(accounts.session(&first, NOW).unwrap().is_none());
        assert_eq!(drawers.all(Drawer::Sessions).unwrap().len(), OF_ONE);
        assert!(matches!(accounts.create_token("ada", "t", NOW), Err(AccountError::TooMany(OF_ONE))));
    }

    #[test]
    fn a_token_ends_with_its_account_and_no_other_can_end_it() {
        let drawers = with_ada();
        let accounts = Accounts(&drawers);
        accounts.create("bob", "correct horse battery", Role::Auditor, NOW).unwrap();
        let secret = accounts.create_token("bob", "prometheus", NOW).unwrap();
        assert_eq!(accounts.bearer(&secret).unwrap().unwrap().name, "bob");
        let key = accounts.tokens("bob").unwrap()[0].0.clone();
        assert_ne!(key, secret);
        assert!(!accounts.delete_token("ada", &key).unwrap());
        accounts.delete("bob").unwrap();
        assert!(accounts.bearer(&secret).unwrap().is_none());
    }

    #[test]
    fn a_name_can_stand_in_an_address() {
        assert!(["a", "ada", "a.b-c_d", "9"].into_iter().all(is_name));
        assert!(
            ["", ".", "..", "a/b", "a b", "-a", "é", &"a".repeat(41)].into_iter().all(|name| !is_name(name))
        );
    }
}
