//! The files in `DF_GSM` (TS 51.011 §10.3).

use alloc::vec;

use super::{
    coding::{
        NETWORKS_WITH_TECHNOLOGY, access_class, administrative_data, home_network, imsi, network_name,
        networks_with_technology, operators, provider, service_provider_networks,
    },
    master::{RULE_OCTETS, RULES, path::EF_ARR},
    services::sim_services,
    table::{
        Contents::{Erased, Octets, Of, SameAs},
        Shape::{Cyclic, Linear, Transparent},
        files,
    },
    telecom::path::EF_SUME,
};

files! {
    /// The rules of `DF_GSM`.
    EF_ARR_GSM [0x3F00/0x7F20/0x6F06], Linear(RULE_OCTETS, RULES), Always Adm, SameAs(EF_ARR);
    /// TS 51.011 §10.3.1: English, as cell broadcast codes it.
    EF_LP [0x3F00/0x7F20/0x6F05], Transparent(4), Always Pin, Octets(&[0x01]);
    /// TS 51.011 §10.3.2.
    EF_IMSI_GSM [0x3F00/0x7F20/0x6F07], Transparent(9), Pin Adm activate Pin, Of(|profile| vec![imsi(&profile.imsi)]);
    /// TS 51.011 §10.3.3: no key.
    EF_KC [0x3F00/0x7F20/0x6F20], Transparent(9), Pin Pin, Octets(&NO_KEY);
    /// TS 51.011 §10.3.29.
    EF_DCK_GSM [0x3F00/0x7F20/0x6F2C], Transparent(16), Pin Pin, Erased;
    /// TS 51.011 §10.3.4.
    EF_PLMNSEL [0x3F00/0x7F20/0x6F30], Transparent(36), Pin Pin, Erased;
    /// TS 51.011 §10.3.5: tens of six minutes.
    EF_HPPLMN_GSM [0x3F00/0x7F20/0x6F31], Transparent(1), Pin Adm, Octets(&[0x05]);
    /// TS 51.011 §10.3.30.
    EF_CNL_GSM [0x3F00/0x7F20/0x6F32], Transparent(12), Pin Adm, Erased;
    /// TS 51.011 §10.3.6: no maximum.
    EF_ACMMAX_GSM [0x3F00/0x7F20/0x6F37], Transparent(3), Pin Pin2, Octets(&[0x00; 3]);
    /// TS 51.011 §10.3.7.
    EF_SST [0x3F00/0x7F20/0x6F38], Transparent(15), Pin Adm, Of(|profile| vec![sim_services(profile)]);
    /// TS 51.011 §10.3.8.
    EF_ACM_GSM [0x3F00/0x7F20/0x6F39], Cyclic(3, 10), Pin Pin2 increase Pin, Octets(&[0x00; 3]);
    /// TS 51.011 §10.3.9.
    EF_GID1_GSM [0x3F00/0x7F20/0x6F3E], Transparent(4), Pin Adm, Erased;
    /// TS 51.011 §10.3.10.
    EF_GID2_GSM [0x3F00/0x7F20/0x6F3F], Transparent(4), Pin Adm, Erased;
    /// TS 51.011 §10.3.12: no currency, no price.
    EF_PUCT_GSM [0x3F00/0x7F20/0x6F41], Transparent(5), Pin Pin2, Octets(&[0xFF, 0xFF, 0xFF, 0x00, 0x00]);
    /// TS 51.011 §10.3.13.
    EF_CBMI_GSM [0x3F00/0x7F20/0x6F45], Transparent(20), Pin Pin, Erased;
    /// TS 51.011 §10.3.11.
    EF_SPN_GSM [0x3F00/0x7F20/0x6F46], Transparent(17), Always Adm,
        Of(|profile| vec![provider(&profile.service_provider)]);
    /// TS 51.011 §10.3.28.
    EF_CBMIR_GSM [0x3F00/0x7F20/0x6F50], Transparent(20), Pin Pin, Erased;
    /// TS 51.011 §10.3.32: no key.
    EF_KC_GPRS [0x3F00/0x7F20/0x6F52], Transparent(9), Pin Pin, Octets(&NO_KEY);
    /// TS 51.011 §10.3.33.
    EF_LOCI_GPRS [0x3F00/0x7F20/0x6F53], Transparent(14), Pin Pin, Octets(&NO_ROUTING_AREA);
    /// TS 51.011 §10.3.34.
    EF_SUME_GSM [0x3F00/0x7F20/0x6F54], Transparent(32), Adm Adm, SameAs(EF_SUME);
    /// TS 51.011 §10.3.35.
    EF_PLMNWACT_GSM [0x3F00/0x7F20/0x6F60], Transparent(NETWORKS_WITH_TECHNOLOGY), Pin Pin,
        Of(|_| vec![networks_with_technology(&[])]);
    /// TS 51.011 §10.3.36.
    EF_OPLMNWACT_GSM [0x3F00/0x7F20/0x6F61], Transparent(NETWORKS_WITH_TECHNOLOGY), Pin Adm,
        Of(|_| vec![networks_with_technology(&[])]);
    /// TS 51.011 §10.3.37.
    EF_HPLMNWACT_GSM [0x3F00/0x7F20/0x6F62], Transparent(NETWORKS_WITH_TECHNOLOGY), Pin Adm,
        Of(|profile| vec![networks_with_technology(&[home_network(profile)])]);
    /// TS 51.011 §10.3.14.
    EF_BCCH [0x3F00/0x7F20/0x6F74], Transparent(16), Pin Pin, Erased;
    /// TS 51.011 §10.3.15.
    EF_ACC_GSM [0x3F00/0x7F20/0x6F78], Transparent(2), Pin Adm,
        Of(|profile| vec![access_class(&profile.imsi)]);
    /// TS 51.011 §10.3.16.
    EF_FPLMN_GSM [0x3F00/0x7F20/0x6F7B], Transparent(12), Pin Pin, Erased;
    /// TS 51.011 §10.3.17.
    EF_LOCI_GSM [0x3F00/0x7F20/0x6F7E], Transparent(11), Pin Pin activate Pin, Octets(&NO_LOCATION_AREA);
    /// TS 51.011 §10.3.18.
    EF_AD_GSM [0x3F00/0x7F20/0x6FAD], Transparent(4), Always Adm,
        Of(|profile| vec![administrative_data(profile)]);
    /// TS 51.011 §10.3.19: phase 2, profile download required.
    EF_PHASE [0x3F00/0x7F20/0x6FAE], Transparent(1), Always Adm, Octets(&[0x03]);
    /// TS 51.011 §10.3.27: 112 and 911.
    EF_ECC_GSM [0x3F00/0x7F20/0x6FB7], Transparent(15), Always Adm,
        Octets(&[0x11, 0xF2, 0xFF, 0x19, 0xF1, 0xFF]);
    /// TS 51.011 §10.3.41.
    EF_PNN_GSM [0x3F00/0x7F20/0x6FC5], Linear(24, 5), Always Adm,
        Of(|profile| vec![network_name(&profile.service_provider, 24)]);
    /// TS 51.011 §10.3.42: the home network has the first name of `EF_PNN`.
    EF_OPL_GSM [0x3F00/0x7F20/0x6FC6], Linear(8, 5), Always Adm, Of(operators);
    /// TS 51.011 §10.3.43.
    EF_MBDN_GSM [0x3F00/0x7F20/0x6FC7], Linear(28, 2), Pin Pin, Erased;
    /// Extensions of `EF_MBDN`, as TS 31.102 §4.2.61 has them.
    EF_EXT6_GSM [0x3F00/0x7F20/0x6FC8], Linear(13, 2), Pin Pin, Octets(&[0x00]);
    /// TS 51.011 §10.3.44: no mailbox.
    EF_MBI_GSM [0x3F00/0x7F20/0x6FC9], Linear(4, 1), Pin Pin, Octets(&[0x00; 4]);
    /// TS 51.011 §10.3.45: no message is waiting.
    EF_MWIS_GSM [0x3F00/0x7F20/0x6FCA], Linear(5, 1), Pin Pin, Octets(&[0x00; 5]);
    /// TS 51.011 §10.3.46: nothing is forwarded.
    EF_CFIS_GSM [0x3F00/0x7F20/0x6FCB], Linear(16, 1), Pin Pin, Octets(&[0x01, 0x00]);
    /// Extensions of `EF_CFIS`, as TS 31.102 §4.2.65 has them.
    EF_EXT7_GSM [0x3F00/0x7F20/0x6FCC], Linear(13, 2), Pin Pin, Octets(&[0x00]);
    /// TS 51.011 §10.3.50: the home network is the service provider's.
    EF_SPDI_GSM [0x3F00/0x7F20/0x6FCD], Transparent(17), Pin Adm,
        Of(|profile| vec![service_provider_networks(profile)]);
}

/// A cipher key and its sequence number, which says that there is none.
pub(super) const NO_KEY: [u8; 9] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x07];
/// TMSI, location area without location area code, RFU, and that it is not updated.
pub(super) const NO_LOCATION_AREA: [u8; 11] =
    [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0x01];
/// P-TMSI and its signature, routing area without location area code, and that it is not updated.
pub(super) const NO_ROUTING_AREA: [u8; 14] =
    [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0xFF, 0x01];
