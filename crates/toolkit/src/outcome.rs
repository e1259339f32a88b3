//! The result of a proactive command and what stands beside it (TS 102 223 §8.12, TS 31.111 §8.12).

use alloc::vec::Vec;

use oxisim_wire::{Show, Shown, Wire};

use crate::{
    codes::{
        BipProblem, BrowserProblem, CallControlProblem, CardReaderProblem, FramesProblem, GeneralResult,
        TerminalProblem,
    },
    objects::Outcome,
};

/// Declares the results that say more of what went wrong: general result, clause, name and coding of what it says.
macro_rules! problems {
    ($($(#[$meta:meta])* $general:ident $spec:literal $name:ident($ty:ty),)*) => {
        /// A general result with its additional information.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Problem { $($(#[$meta])* #[doc = concat!("(", $spec, ")")] $name($ty),)* }

        impl Problem {
            /// General result and clause of every problem, in the order of the results.
            pub const ALL: &'static [(GeneralResult, &'static str)] = &[$((GeneralResult::$general, $spec),)*];

            /// Its general result.
            #[must_use]
            pub const fn general(self) -> GeneralResult {
                match self { $(Self::$name(_) => GeneralResult::$general,)* }
            }

            /// The additional information of a general result; nothing if it has none, or not as the standard says.
            fn read(general: GeneralResult, additional: &[u8]) -> Option<Self> {
                match general {
                    $(GeneralResult::$general => <$ty>::decode(additional, $spec).ok().map(Self::$name),)*
                    _ => None,
                }
            }

            fn additional(self) -> Vec<u8> {
                match self { $(Self::$name(information) => information.encode(),)* }
            }
        }

        impl Show for Problem {
            fn show(&self) -> Shown {
                match self { $(Self::$name(information) => information.show(),)* }
            }
        }
    };
}

problems! {
    /// The terminal cannot now.
    TERMINAL_CURRENTLY_UNABLE "TS 102 223 §8.12.2" Terminal(TerminalProblem),
    /// The network cannot now: bit 8 and the cause of TS 24.008, or 00.
    NETWORK_CURRENTLY_UNABLE "TS 31.111 §8.12.3" Network(u8),
    /// The card's call control stood in the way, for now.
    CALL_CONTROL_TEMPORARY_PROBLEM "TS 102 223 §8.12.8" CallControlForNow(CallControlProblem),
    /// The browser could not be launched.
    LAUNCH_BROWSER_ERROR "TS 102 223 §8.12.10" Browser(BrowserProblem),
    /// The network refused a supplementary service: the error of TS 24.080.
    SS_RETURN_ERROR "TS 31.111 §8.12.4" Ss(u8),
    /// The network refused a short message: the RP-cause of TS 24.011.
    SMS_RP_ERROR "TS 31.111 §8.12.5" Sms(u8),
    /// The network refused a USSD operation: the error of TS 24.080.
    USSD_RETURN_ERROR "TS 31.111 §8.12.7" Ussd(u8),
    /// The other card or its reader.
    MULTIPLE_CARD_COMMANDS_ERROR "TS 102 223 §8.12.9" Card(CardReaderProblem),
    /// The card's call control stood in the way, for good.
    CALL_CONTROL_PERMANENT_PROBLEM "TS 102 223 §8.12.8" CallControl(CallControlProblem),
    /// The bearer or the channel.
    BIP_ERROR "TS 102 223 §8.12.11" Bearer(BipProblem),
    /// The frames of the screen.
    FRAMES_ERROR "TS 102 223 §8.12.12" Frames(FramesProblem),
}

impl Problem {
    /// The network cannot now, for this cause of TS 24.008, 0 to 127, or for no specific one.
    #[must_use]
    pub const fn network(cause: Option<u8>) -> Self {
        Self::Network(match cause {
            Some(cause) => 0x80 | cause,
            None => 0,
        })
    }
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        Self { general: problem.general(), additional: problem.additional() }
    }
}

impl From<GeneralResult> for Outcome {
    fn from(general: GeneralResult) -> Self {
        Self { general, additional: Vec::new() }
    }
}

impl Outcome {
    /// What went wrong, if the general result says more of it.
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        Problem::read(self.general, &self.additional)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_of_every_problem_comes_back() {
        for &(general, spec) in Problem::ALL {
            for octet in 0..=u8::MAX {
                let outcome = Outcome { general, additional: alloc::vec![octet] };
                let problem = outcome.problem().unwrap_or_else(|| panic!("{general:?} {spec}"));
                assert_eq!(problem.general(), general);
                assert_eq!(Outcome::from(problem), outcome);
            }
        }
    }

    #[test]
    fn a_result_without_its_information_is_no_problem_that_is_known() {
        assert_eq!(Outcome::from(GeneralResult::BIP_ERROR).problem(), None);
        assert_eq!(Outcome::from(GeneralResult::PERFORMED_SUCCESSFULLY).problem(), None);
        let two = Outcome { general: GeneralResult::BIP_ERROR, additional: alloc::vec![1, 2] };
        assert_eq!(two.problem(), None);
    }
}
