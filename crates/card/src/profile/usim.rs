//! The files in `ADF_USIM` (TS 31.102 §4.2, §4.4.3). Those that mean the same to a phone of GSM are one with
//! those in `DF_GSM` and `DF_TELECOM`.

use alloc::vec;

use super::{
    coding::{NETWORKS_WITH_TECHNOLOGY, emergency, ending, home_network},
    gsm::{NO_KEY, NO_LOCATION_AREA, NO_ROUTING_AREA, path as gsm},
    master::{RULE_OCTETS, RULES, path::EF_ARR},
    services::usim_services,
    table::{
        Contents::{Erased, Octets, Of, SameAs},
        Shape::{Cyclic, Linear, Transparent},
        files,
    },
    telecom::path as telecom,
};

files! {
    /// TS 31.102 §4.2.1.
    EF_LI [0x3F00/0x7FFF/0x6F05] 0x02, Transparent(4), Always Pin, Octets(b"en");
    /// TS 31.102 §4.2.55.
    EF_ARR_USIM [0x3F00/0x7FFF/0x6F06] 0x17, Linear(RULE_OCTETS, RULES), Always Adm, SameAs(EF_ARR);
    /// TS 31.102 §4.2.2.
    EF_IMSI [0x3F00/0x7FFF/0x6F07] 0x07, Transparent(9), Pin Adm, SameAs(gsm::EF_IMSI_GSM);
    /// TS 31.102 §4.2.3: no keys.
    EF_KEYS [0x3F00/0x7FFF/0x6F08] 0x08, Transparent(33), Pin Pin, Octets(&[0x07]);
    /// TS 31.102 §4.2.4: no keys.
    EF_KEYS_PS [0x3F00/0x7FFF/0x6F09] 0x09, Transparent(33), Pin Pin, Octets(&[0x07]);
    /// TS 31.102 §4.2.49.
    EF_DCK [0x3F00/0x7FFF/0x6F2C], Transparent(16), Pin Pin, SameAs(gsm::EF_DCK_GSM);
    /// TS 31.102 §4.2.6.
    EF_HPPLMN [0x3F00/0x7FFF/0x6F31] 0x12, Transparent(1), Pin Adm, SameAs(gsm::EF_HPPLMN_GSM);
    /// TS 31.102 §4.2.50.
    EF_CNL [0x3F00/0x7FFF/0x6F32], Transparent(12), Pin Adm, SameAs(gsm::EF_CNL_GSM);
    /// TS 31.102 §4.2.7.
    EF_ACMMAX [0x3F00/0x7FFF/0x6F37], Transparent(3), Pin Pin2, SameAs(gsm::EF_ACMMAX_GSM);
    /// TS 31.102 §4.2.8.
    EF_UST [0x3F00/0x7FFF/0x6F38] 0x04, Transparent(17), Pin Adm, Of(|profile| vec![usim_services(profile)]);
    /// TS 31.102 §4.2.9.
    EF_ACM [0x3F00/0x7FFF/0x6F39], Cyclic(3, 10), Pin Pin2 increase Pin, SameAs(gsm::EF_ACM_GSM);
    /// TS 31.102 §4.2.24.
    EF_FDN_USIM [0x3F00/0x7FFF/0x6F3B], Linear(28, 10), Pin Pin2, SameAs(telecom::EF_FDN);
    /// TS 31.102 §4.2.25.
    EF_SMS_USIM [0x3F00/0x7FFF/0x6F3C], Linear(176, 10), Pin Pin, SameAs(telecom::EF_SMS);
    /// TS 31.102 §4.2.10.
    EF_GID1 [0x3F00/0x7FFF/0x6F3E], Transparent(4), Pin Adm, SameAs(gsm::EF_GID1_GSM);
    /// TS 31.102 §4.2.11.
    EF_GID2 [0x3F00/0x7FFF/0x6F3F], Transparent(4), Pin Adm, SameAs(gsm::EF_GID2_GSM);
    /// TS 31.102 §4.2.26.
    EF_MSISDN_USIM [0x3F00/0x7FFF/0x6F40], Linear(28, 1), Pin Pin, SameAs(telecom::EF_MSISDN);
    /// TS 31.102 §4.2.13.
    EF_PUCT [0x3F00/0x7FFF/0x6F41], Transparent(5), Pin Pin2, SameAs(gsm::EF_PUCT_GSM);
    /// TS 31.102 §4.2.27.
    EF_SMSP_USIM [0x3F00/0x7FFF/0x6F42], Linear(40, 1), Pin Pin, SameAs(telecom::EF_SMSP);
    /// TS 31.102 §4.2.28.
    EF_SMSS_USIM [0x3F00/0x7FFF/0x6F43], Transparent(2), Pin Pin, SameAs(telecom::EF_SMSS);
    /// TS 31.102 §4.2.14.
    EF_CBMI [0x3F00/0x7FFF/0x6F45], Transparent(20), Pin Pin, SameAs(gsm::EF_CBMI_GSM);
    /// TS 31.102 §4.2.12.
    EF_SPN [0x3F00/0x7FFF/0x6F46], Transparent(17), Always Adm, SameAs(gsm::EF_SPN_GSM);
    /// TS 31.102 §4.2.32.
    EF_SMSR_USIM [0x3F00/0x7FFF/0x6F47], Linear(30, 5), Pin Pin, SameAs(telecom::EF_SMSR);
    /// TS 31.102 §4.2.29.
    EF_SDN_USIM [0x3F00/0x7FFF/0x6F49], Linear(28, 5), Pin Adm, SameAs(telecom::EF_SDN);
    /// TS 31.102 §4.2.30.
    EF_EXT2_USIM [0x3F00/0x7FFF/0x6F4B], Linear(13, 5), Pin Pin2, SameAs(telecom::EF_EXT2);
    /// TS 31.102 §4.2.31.
    EF_EXT3_USIM [0x3F00/0x7FFF/0x6F4C], Linear(13, 5), Pin Adm, SameAs(telecom::EF_EXT3);
    /// TS 31.102 §4.2.37.
    EF_EXT5 [0x3F00/0x7FFF/0x6F4E], Linear(13, 5), Pin Pin, Octets(&[0x00]);
    /// TS 31.102 §4.2.38.
    EF_CCP2 [0x3F00/0x7FFF/0x6F4F] 0x16, Linear(15, 5), Pin Pin, Erased;
    /// TS 31.102 §4.2.22.
    EF_CBMIR [0x3F00/0x7FFF/0x6F50], Transparent(20), Pin Pin, SameAs(gsm::EF_CBMIR_GSM);
    /// TS 31.102 §4.2.47: no restriction is enabled.
    EF_EST [0x3F00/0x7FFF/0x6F56] 0x05, Transparent(1), Pin Pin2, Octets(&[0x00]);
    /// TS 31.102 §4.2.48: no access point name.
    EF_ACL [0x3F00/0x7FFF/0x6F57], Transparent(101), Pin Pin2, Octets(&[0x00]);
    /// TS 31.102 §4.2.51.
    EF_START_HFN [0x3F00/0x7FFF/0x6F5B] 0x0F, Transparent(6), Pin Pin,
        Octets(&[0xF0, 0x00, 0x00, 0xF0, 0x00, 0x00]);
    /// TS 31.102 §4.2.52.
    EF_THRESHOLD [0x3F00/0x7FFF/0x6F5C] 0x10, Transparent(3), Pin Adm, Erased;
    /// TS 31.102 §4.2.5.
    EF_PLMNWACT [0x3F00/0x7FFF/0x6F60] 0x0A, Transparent(NETWORKS_WITH_TECHNOLOGY), Pin Pin,
        SameAs(gsm::EF_PLMNWACT_GSM);
    /// TS 31.102 §4.2.53.
    EF_OPLMNWACT [0x3F00/0x7FFF/0x6F61] 0x11, Transparent(NETWORKS_WITH_TECHNOLOGY), Pin Adm,
        SameAs(gsm::EF_OPLMNWACT_GSM);
    /// TS 31.102 §4.2.54.
    EF_HPLMNWACT [0x3F00/0x7FFF/0x6F62] 0x13, Transparent(NETWORKS_WITH_TECHNOLOGY), Pin Adm,
        SameAs(gsm::EF_HPLMNWACT_GSM);
    /// TS 31.102 §4.2.23.
    EF_PSLOCI [0x3F00/0x7FFF/0x6F73] 0x0C, Transparent(14), Pin Pin, Octets(&NO_ROUTING_AREA);
    /// TS 31.102 §4.2.15.
    EF_ACC [0x3F00/0x7FFF/0x6F78] 0x06, Transparent(2), Pin Adm, SameAs(gsm::EF_ACC_GSM);
    /// TS 31.102 §4.2.16.
    EF_FPLMN [0x3F00/0x7FFF/0x6F7B] 0x0D, Transparent(12), Pin Pin, SameAs(gsm::EF_FPLMN_GSM);
    /// TS 31.102 §4.2.17.
    EF_LOCI [0x3F00/0x7FFF/0x6F7E] 0x0B, Transparent(11), Pin Pin, Octets(&NO_LOCATION_AREA);
    /// TS 31.102 §4.2.33.
    EF_ICI [0x3F00/0x7FFF/0x6F80] 0x14, Cyclic(42, 10), Pin Pin,
        Octets(&ending::<42>(&[0x00, 0x00, 0x00, 0x00, 0x01, 0xFF, 0xFF]));
    /// TS 31.102 §4.2.34.
    EF_OCI [0x3F00/0x7FFF/0x6F81] 0x15, Cyclic(41, 10), Pin Pin,
        Octets(&ending::<41>(&[0x00, 0x00, 0x00, 0x01, 0xFF, 0xFF]));
    /// TS 31.102 §4.2.35.
    EF_ICT [0x3F00/0x7FFF/0x6F82], Cyclic(3, 1), Pin Pin increase Pin, Octets(&[0x00; 3]);
    /// TS 31.102 §4.2.36.
    EF_OCT [0x3F00/0x7FFF/0x6F83], Cyclic(3, 1), Pin Pin increase Pin, Octets(&[0x00; 3]);
    /// TS 31.102 §4.2.18.
    EF_AD [0x3F00/0x7FFF/0x6FAD] 0x03, Transparent(4), Always Adm, SameAs(gsm::EF_AD_GSM);
    /// TS 31.102 §4.2.21: 112 and 911.
    EF_ECC [0x3F00/0x7FFF/0x6FB7] 0x01, Linear(14, 2), Always Adm,
        Of(|_| vec![emergency(0x11, 0xF2), emergency(0x19, 0xF1)]);
    /// TS 31.102 §4.2.57.
    EF_NETPAR [0x3F00/0x7FFF/0x6FC4], Transparent(64), Pin Pin, Erased;
    /// TS 31.102 §4.2.58.
    EF_PNN [0x3F00/0x7FFF/0x6FC5] 0x19, Linear(24, 5), Always Adm, SameAs(gsm::EF_PNN_GSM);
    /// TS 31.102 §4.2.59.
    EF_OPL [0x3F00/0x7FFF/0x6FC6] 0x1A, Linear(8, 5), Always Adm, SameAs(gsm::EF_OPL_GSM);
    /// TS 31.102 §4.2.60.
    EF_MBDN [0x3F00/0x7FFF/0x6FC7], Linear(28, 2), Pin Pin, SameAs(gsm::EF_MBDN_GSM);
    /// TS 31.102 §4.2.61.
    EF_EXT6 [0x3F00/0x7FFF/0x6FC8], Linear(13, 2), Pin Pin, SameAs(gsm::EF_EXT6_GSM);
    /// TS 31.102 §4.2.62.
    EF_MBI [0x3F00/0x7FFF/0x6FC9], Linear(4, 1), Pin Pin, SameAs(gsm::EF_MBI_GSM);
    /// TS 31.102 §4.2.63.
    EF_MWIS [0x3F00/0x7FFF/0x6FCA], Linear(5, 1), Pin Pin, SameAs(gsm::EF_MWIS_GSM);
    /// TS 31.102 §4.2.64.
    EF_CFIS [0x3F00/0x7FFF/0x6FCB], Linear(16, 1), Pin Pin, SameAs(gsm::EF_CFIS_GSM);
    /// TS 31.102 §4.2.65.
    EF_EXT7 [0x3F00/0x7FFF/0x6FCC], Linear(13, 2), Pin Pin, SameAs(gsm::EF_EXT7_GSM);
    /// TS 31.102 §4.2.66.
    EF_SPDI [0x3F00/0x7FFF/0x6FCD] 0x1B, Transparent(17), Pin Adm, SameAs(gsm::EF_SPDI_GSM);
    /// TS 31.102 §4.2.84: the home network.
    EF_EHPLMN [0x3F00/0x7FFF/0x6FD9] 0x1D, Transparent(12), Pin Adm,
        Of(|profile| vec![home_network(profile).into()]);
    /// TS 31.102 §4.2.85: no preference.
    EF_EHPLMNPI [0x3F00/0x7FFF/0x6FDB], Transparent(1), Pin Adm, Octets(&[0x00]);
    /// TS 31.102 §4.2.91: no identity, no tracking area, not updated.
    EF_EPSLOCI [0x3F00/0x7FFF/0x6FE3] 0x1E, Transparent(18), Pin Pin,
        Octets(&ending::<18>(&[0x00, 0x00, 0x01]));
    /// TS 31.102 §4.2.92.
    EF_EPSNSC [0x3F00/0x7FFF/0x6FE4] 0x18, Linear(80, 1), Pin Pin, Erased;

    /// The rules of `DF_GSM-ACCESS`.
    EF_ARR_GSM_ACCESS [0x3F00/0x7FFF/0x5F3B/0x6F06], Linear(RULE_OCTETS, RULES), Always Adm, SameAs(EF_ARR);
    /// TS 31.102 §4.4.3.1: no key.
    EF_KC_USIM [0x3F00/0x7FFF/0x5F3B/0x4F20] 0x01, Transparent(9), Pin Pin, Octets(&NO_KEY);
    /// TS 31.102 §4.4.3.2: no key.
    EF_KC_GPRS_USIM [0x3F00/0x7FFF/0x5F3B/0x4F52] 0x02, Transparent(9), Pin Pin, Octets(&NO_KEY);
}
