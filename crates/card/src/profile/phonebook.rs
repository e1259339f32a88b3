//! The files in `DF_PHONEBOOK` (TS 31.102 §4.4.2). It is the global phonebook, under `DF_TELECOM`: every phone
//! knows that one, and a local one in the USIM would have to hold entries of its own.
//!
//! Identifiers are those of a sysmoISIM-SJA2; `EF_PBR` tells them to the phone.

use super::{
    master::{RULE_OCTETS, RULES, path::EF_ARR},
    table::{
        Contents::{Erased, Octets, SameAs},
        Shape::{Linear, Phonebook, Transparent},
        files,
    },
    telecom::path::{EF_ADN, EF_ECCP, EF_EXT1},
};

files! {
    /// The rules of `DF_PHONEBOOK`.
    EF_ARR_PHONEBOOK [0x3F00/0x7F10/0x5F3A/0x6F06], Linear(RULE_OCTETS, RULES), Always Adm, SameAs(EF_ARR);
    /// TS 31.102 §4.4.2.1: an entry has a record in each of the first files, a record of `EF_EMAIL` by way of
    /// `EF_IAP`, and records of the last files by way of the first.
    EF_PBR [0x3F00/0x7F10/0x5F3A/0x4F30], Linear(69, 1), Pin Adm, Octets(&[
        0xA8, 0x23, // type 1: EF_ADN, EF_IAP, EF_SNE, EF_ANR, EF_PBC, EF_GRP, EF_UID
        0xC0, 0x03, 0x4F, 0x3A, 0x01, 0xC1, 0x03, 0x4F, 0x32, 0x02, 0xC3, 0x03, 0x4F, 0x54, 0x14,
        0xC4, 0x03, 0x4F, 0x11, 0x08, 0xC5, 0x03, 0x4F, 0x09, 0x04, 0xC6, 0x03, 0x4F, 0x52, 0x12,
        0xC9, 0x03, 0x4F, 0x21, 0x09,
        0xA9, 0x05, // type 2: EF_EMAIL
        0xCA, 0x03, 0x4F, 0x50, 0x0D,
        0xAA, 0x14, // type 3: EF_EXT1, EF_AAS, EF_GAS, EF_CCP1
        0xC2, 0x03, 0x4F, 0x4A, 0x03, 0xC7, 0x03, 0x4F, 0x4B, 0x06, 0xC8, 0x03, 0x4F, 0x53, 0x13,
        0xCB, 0x03, 0x4F, 0x4F, 0x16,
    ]);
    /// TS 31.102 §4.4.2.2: the record of `EF_EMAIL`.
    EF_IAP [0x3F00/0x7F10/0x5F3A/0x4F32] 0x02, Phonebook(1), Pin Pin, Erased;
    /// TS 31.102 §4.4.2.3: the records of `EF_ADN` in `DF_TELECOM`.
    EF_ADN_PHONEBOOK [0x3F00/0x7F10/0x5F3A/0x4F3A] 0x01, Phonebook(28), Pin Pin, SameAs(EF_ADN);
    /// TS 31.102 §4.4.2.4: the records of `EF_EXT1` in `DF_TELECOM`.
    EF_EXT1_PHONEBOOK [0x3F00/0x7F10/0x5F3A/0x4F4A] 0x03, Linear(13, 30), Pin Pin, SameAs(EF_EXT1);
    /// TS 31.102 §4.4.2.5: nothing changed, nothing hidden.
    EF_PBC [0x3F00/0x7F10/0x5F3A/0x4F09] 0x04, Phonebook(2), Pin Pin, Octets(&[0x00, 0x00]);
    /// TS 31.102 §4.4.2.6: an entry is in up to four groups.
    EF_GRP [0x3F00/0x7F10/0x5F3A/0x4F52] 0x12, Phonebook(4), Pin Pin, Octets(&[0x00; 4]);
    /// TS 31.102 §4.4.2.7.
    EF_AAS [0x3F00/0x7F10/0x5F3A/0x4F4B] 0x06, Linear(15, 5), Pin Pin, Erased;
    /// TS 31.102 §4.4.2.8.
    EF_GAS [0x3F00/0x7F10/0x5F3A/0x4F53] 0x13, Linear(20, 10), Pin Pin, Erased;
    /// TS 31.102 §4.4.2.9: an additional number for each entry.
    EF_ANR [0x3F00/0x7F10/0x5F3A/0x4F11] 0x08, Phonebook(15), Pin Pin, Erased;
    /// TS 31.102 §4.4.2.10.
    EF_SNE [0x3F00/0x7F10/0x5F3A/0x4F54] 0x14, Phonebook(16), Pin Pin, Erased;
    /// TS 31.102 §4.4.2.11: the records of `EF_ECCP` in `DF_TELECOM`.
    EF_CCP1 [0x3F00/0x7F10/0x5F3A/0x4F4F] 0x16, Linear(15, 5), Pin Pin, SameAs(EF_ECCP);
    /// TS 31.102 §4.4.2.12.1: nothing has an identifier yet.
    EF_UID [0x3F00/0x7F10/0x5F3A/0x4F21] 0x09, Phonebook(2), Pin Pin, Octets(&[0x00, 0x00]);
    /// TS 31.102 §4.4.2.12.2.
    EF_PSC [0x3F00/0x7F10/0x5F3A/0x4F22], Transparent(4), Pin Pin, Octets(&[0x00; 4]);
    /// TS 31.102 §4.4.2.12.3.
    EF_CC [0x3F00/0x7F10/0x5F3A/0x4F23], Transparent(2), Pin Pin, Octets(&[0x00; 2]);
    /// TS 31.102 §4.4.2.12.4.
    EF_PUID [0x3F00/0x7F10/0x5F3A/0x4F24], Transparent(2), Pin Pin, Octets(&[0x00; 2]);
    /// TS 31.102 §4.4.2.13: the address, and whose it is.
    EF_EMAIL [0x3F00/0x7F10/0x5F3A/0x4F50] 0x0D, Linear(42, 100), Pin Pin, Erased;
}
