//! What a general result means for who sent the command (TS 102 223 §8.12).

use crate::codes::GeneralResult;

/// What to make of a general result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The command was performed, perhaps in part.
    Performed,
    /// The user ended, went back, asked for help, did not react or did not want it.
    User,
    /// It may be worth trying again later.
    Temporary,
    /// The same command will fail again.
    Permanent,
}

impl GeneralResult {
    /// What to make of the result.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self(0x00..=0x0F) => Verdict::Performed,
            Self::USER_DID_NOT_ACCEPT | Self::USER_CLEARED_DOWN_CALL | Self(0x10..=0x1F) => Verdict::User,
            Self(0x20..=0x2F) => Verdict::Temporary,
            Self(_) => Verdict::Permanent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_did_is_no_problem_of_the_terminal() {
        assert_eq!(GeneralResult::PERFORMED_LIMITED_SERVICE.verdict(), Verdict::Performed);
        assert_eq!(GeneralResult::HELP_REQUIRED_BY_USER.verdict(), Verdict::User);
        assert_eq!(GeneralResult::USER_DID_NOT_ACCEPT.verdict(), Verdict::User);
        assert_eq!(GeneralResult::TERMINAL_CURRENTLY_UNABLE.verdict(), Verdict::Temporary);
        assert_eq!(GeneralResult::NETWORK_CURRENTLY_UNABLE.verdict(), Verdict::Temporary);
        assert_eq!(GeneralResult::BEYOND_TERMINAL_CAPABILITIES.verdict(), Verdict::Permanent);
        assert_eq!(GeneralResult(0xFF).verdict(), Verdict::Permanent);
    }
}
