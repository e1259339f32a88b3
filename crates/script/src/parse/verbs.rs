//! The words of our own language: those that begin a statement, and those that name proactive commands.

use alloc::string::String;

use oxisim_toolkit::CommandType;

/// A word that begins a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verb {
    /// The word.
    pub word: &'static str,
    /// How it is written.
    pub form: &'static str,
    /// What it does.
    pub does: &'static str,
}

macro_rules! verbs {
    ($($word:literal $form:literal $does:literal;)*) => {
        /// Every word that begins a statement.
        pub const VERBS: &[Verb] = &[$(Verb { word: $word, form: $form, does: $does },)*];
    };
}

verbs! {
    "card" "card [\"CARD.toml\" | with APPLET, …] [contacts \"CONTACTS.vcf\"] [number \"NUMBER\"] [control]" "says at the head of a script which virtual card it is for";
    "reset" "reset" "resets the card";
    "power" "power on | off" "switches the card on, or off";
    "insert" "insert [\"CARD.toml\" | with APPLET, …]" "puts a card into the slot, and switches it on";
    "eject" "eject" "takes the card out of the slot";
    "wait" "wait TIME" "lets time pass: virtual time, or real time with a real card";
    "advance" "advance TIME" "the same";
    "tear" "tear after N writes" "takes power away after N more writes to memory";
    "channel" "channel N | open | close [N]" "sends the commands that follow on a logical channel";
    "set" "set NAME = DATA" "gives a variable a value";
    "echo" "echo \"TEXT\" DATA …" "says something";
    "decode" "decode [DATA]" "says what the last answer is, or DATA";
    "legal" "legal [DATA]" "DATA, or the proactive command that waits for its answer, keeps the rules";
    "repeat" "repeat N [as NAME] … end" "does it N times";
    "if" "if (STATUS, …) … [else …] end" "does it if the last status word is one of these";
    "proc" "proc NAME [PARAMETER …] … end" "declares a procedure";
    "call" "call NAME [DATA, …]" "does what a procedure says";
    "include" "include \"FILE\"" "does what stands in another file";
    "exit" "exit" "ends the script";
    "init" "init [PROFILE]" "TERMINAL PROFILE, and every proactive command until the session ends";
    "expect" "expect COMMAND [\"TEXT\"] …" "the next proactive command is this";
    "select-menu" "select-menu \"TEXT\" | N" "the user chooses from the card's menu";
    "answer" "answer ok | yes | no | back | end | none | help | item N | \"TEXT\" | result OCTET [DATA]" "answers the proactive command";
    "send-sms" "send-sms \"TEXT\" | data DATA | tpdu DATA [from \"NUMBER\"]" "a message comes for the card";
}

/// Every proactive command by its word in a script: `DISPLAY TEXT` is `display-text`.
pub fn commands() -> impl Iterator<Item = (String, CommandType)> {
    CommandType::MESSAGES
        .iter()
        .map(|message| (message.text.to_ascii_lowercase().replace(' ', "-"), CommandType(message.code)))
}
