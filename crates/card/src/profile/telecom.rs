//! The files in `DF_TELECOM` (TS 51.011 §10.5, TS 31.102 §4.5).

use alloc::vec;

use super::{
    coding::{menu_title, own_number, sms_parameters},
    master::{RULE_OCTETS, RULES, path::EF_ARR},
    table::{
        Contents::{Erased, Octets, Of, SameAs},
        Shape::{Cyclic, Linear, Phonebook, Transparent},
        files,
    },
};

files! {
    /// TS 31.102 §4.5.5.
    EF_ARR_TELECOM [0x3F00/0x7F10/0x6F06], Linear(RULE_OCTETS, RULES), Always Adm, SameAs(EF_ARR);
    /// TS 51.011 §10.5.1, TS 31.102 §4.5.1. A phone of GSM deactivates it to enable fixed dialling.
    EF_ADN [0x3F00/0x7F10/0x6F3A], Phonebook(28), Pin Pin deactivate Pin2 activate Pin2, Erased;
    /// TS 51.011 §10.5.2.
    EF_FDN [0x3F00/0x7F10/0x6F3B], Linear(28, 10), Pin Pin2, Erased;
    /// TS 51.011 §10.5.3.
    EF_SMS [0x3F00/0x7F10/0x6F3C], Linear(176, 10), Pin Pin, Octets(&[0x00]);
    /// TS 51.011 §10.5.5.
    EF_MSISDN [0x3F00/0x7F10/0x6F40], Linear(28, 1), Pin Pin, Of(|profile| vec![own_number(&profile.msisdn)]);
    /// TS 51.011 §10.5.6.
    EF_SMSP [0x3F00/0x7F10/0x6F42], Linear(40, 1), Pin Pin,
        Of(|profile| vec![sms_parameters(&profile.service_centre)]);
    /// TS 51.011 §10.5.7.
    EF_SMSS [0x3F00/0x7F10/0x6F43], Transparent(2), Pin Pin, Erased;
    /// TS 51.011 §10.5.8.
    EF_LND [0x3F00/0x7F10/0x6F44], Cyclic(28, 10), Pin Pin, Erased;
    /// TS 31.102 §4.2.32.
    EF_SMSR [0x3F00/0x7F10/0x6F47], Linear(30, 5), Pin Pin, Octets(&[0x00]);
    /// TS 51.011 §10.5.9.
    EF_SDN [0x3F00/0x7F10/0x6F49], Linear(28, 5), Pin Adm, Erased;
    /// TS 51.011 §10.5.10, TS 31.102 §4.5.2.
    EF_EXT1 [0x3F00/0x7F10/0x6F4A], Linear(13, 30), Pin Pin, Octets(&[0x00]);
    /// TS 51.011 §10.5.11.
    EF_EXT2 [0x3F00/0x7F10/0x6F4B], Linear(13, 5), Pin Pin2, Octets(&[0x00]);
    /// TS 51.011 §10.5.12.
    EF_EXT3 [0x3F00/0x7F10/0x6F4C], Linear(13, 5), Pin Adm, Octets(&[0x00]);
    /// TS 31.102 §4.5.3, which lets no `EF_CCP` stand beside it.
    EF_ECCP [0x3F00/0x7F10/0x6F4F], Linear(15, 5), Pin Pin, Erased;
    /// TS 31.102 §4.5.4: the title of the menu of the toolkit applets.
    EF_SUME [0x3F00/0x7F10/0x6F54], Transparent(32), Adm Adm,
        Of(|profile| vec![menu_title(&profile.menu_title)]);
}
