//! The files in the MF (TS 102 221 §13).

use alloc::vec;

use super::{
    coding::{application_template, digits},
    table::{
        Contents::{Octets, Of},
        Shape::{Linear, Transparent},
        files,
    },
};
use crate::access::Rule;

/// Octets of a record of `EF_ARR`: the longest rule with something to spare.
pub(super) const RULE_OCTETS: u8 = 60;
/// Records of `EF_ARR`.
pub(super) const RULES: u8 = Rule::DIRECTORY;

files! {
    /// TS 102 221 §13.1: the applications.
    EF_DIR [0x3F00/0x2F00] 0x1E, Linear(43, 2), Always Adm, Of(|_| vec![application_template()]);
    /// TS 102 221 §13.3.
    EF_PL [0x3F00/0x2F05] 0x05, Transparent(4), Always Pin, Octets(b"en");
    /// TS 102 221 §13.4.
    EF_ARR [0x3F00/0x2F06] 0x06, Linear(RULE_OCTETS, RULES), Always Adm, Of(|_| Rule::records());
    /// TS 102 221 §13.6: at most 60 mA, no timer of the operator's, nothing further.
    EF_UMPC [0x3F00/0x2F08] 0x08, Transparent(5), Always Adm, Octets(&[0x3C, 0xFF, 0x00]);
    /// TS 102 221 §13.2.
    EF_ICCID [0x3F00/0x2FE2] 0x02, Transparent(10), Always Never, Of(|profile| vec![digits(&profile.iccid)]);
}
