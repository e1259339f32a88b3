//! Phones that a card may find itself in.

use oxisim_terminal::Config;
use oxisim_toolkit::{Facility, TerminalProfile};

/// A kind of phone, by what its TERMINAL PROFILE announces (TS 102 223 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handset {
    /// All that the emulated phone can do.
    Full,
    /// All but TIMER MANAGEMENT.
    WithoutTimers,
    /// All but text entry and choices: a modem.
    WithoutScreen,
    /// Menu and messages, texts and questions: a phone of the first years.
    Plain,
    /// No toolkit.
    WithoutToolkit,
}

/// What a plain phone announces.
const PLAIN: &[Facility] = &[
    Facility::ProfileDownload,
    Facility::SmsPpDownload,
    Facility::MenuSelection,
    Facility::SmsPpDownloadSupported,
    Facility::DisplayText,
    Facility::GetInkey,
    Facility::GetInput,
    Facility::SelectItem,
    Facility::SetUpMenu,
    Facility::SendShortMessage,
    Facility::PollInterval,
];

/// What a modem lacks.
const SCREEN: &[Facility] = &[
    Facility::DisplayText,
    Facility::GetInkey,
    Facility::GetInput,
    Facility::SelectItem,
    Facility::SetUpMenu,
    Facility::MenuSelection,
    Facility::SetUpIdleModeText,
];

const TIMERS: &[Facility] =
    &[Facility::TimerManagement, Facility::TimerCurrentValue, Facility::TimerExpiration];

impl Handset {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Full, Self::WithoutTimers, Self::WithoutScreen, Self::Plain, Self::WithoutToolkit];

    /// How such a phone is made.
    #[must_use]
    pub fn config(self) -> Config {
        let full = Config::default();
        let without = |lacks: &[Facility]| {
            let has: Vec<_> =
                full.profile.facilities().filter(|facility| !lacks.contains(facility)).collect();
            TerminalProfile::with(&has)
        };
        let profile = match self {
            Self::Full => full.profile.clone(),
            Self::WithoutTimers => without(TIMERS),
            Self::WithoutScreen => without(SCREEN),
            Self::Plain => TerminalProfile::with(PLAIN),
            Self::WithoutToolkit => TerminalProfile::with(&[]),
        };
        Config { profile, ..full }
    }
}
