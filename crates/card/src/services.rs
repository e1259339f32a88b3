//! The services of a card by name: `EF_UST`, `EF_SST`, `EF_IST` and `EF_EST`.

/// A service table: how many bits a service has in it, and the services by number.
#[derive(Clone, Copy, Debug)]
pub struct ServiceTable {
    /// One bit says that a service is available; of two, bit 1 that it is allocated and bit 2 that it is activated.
    pub bits: u8,
    /// Number and name, in the order of the numbers.
    pub services: &'static [(u8, &'static str)],
}

/// Declares service tables: bits of a service, and the services by number.
macro_rules! service_tables {
    ($($(#[$meta:meta])* $name:ident $bits:literal { $($number:literal $text:literal,)* })*) => {
        impl ServiceTable {
            $(
                $(#[$meta])*
                pub const $name: Self = Self { bits: $bits, services: &[$(($number, $text),)*] };
            )*

            /// Every table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

impl ServiceTable {
    /// The name of a service; nothing if the number is reserved.
    #[must_use]
    pub fn name(self, number: usize) -> Option<&'static str> {
        self.services.iter().find(|(service, _)| usize::from(*service) == number).map(|&(_, name)| name)
    }
}

service_tables! {
    /// Services of a USIM, `EF_UST` (TS 31.102 §4.2.8).
    USIM 1 {
        1 "Local Phone Book",
        2 "Fixed Dialling Numbers (FDN)",
        3 "Extension 2",
        4 "Service Dialling Numbers (SDN)",
        5 "Extension 3",
        6 "Barred Dialling Numbers (BDN)",
        7 "Extension 4",
        8 "Outgoing Call Information (OCI and OCT)",
        9 "Incoming Call Information (ICI and ICT)",
        10 "Short Message Storage (SMS)",
        11 "Short Message Status Reports (SMSR)",
        12 "Short Message Service Parameters (SMSP)",
        13 "Advice of Charge (AoC)",
        14 "Capability Configuration Parameters 2 (CCP2)",
        15 "Cell Broadcast Message Identifier",
        16 "Cell Broadcast Message Identifier Ranges",
        17 "Group Identifier Level 1",
        18 "Group Identifier Level 2",
        19 "Service Provider Name",
        20 "User controlled PLMN selector with Access Technology",
        21 "MSISDN",
        22 "Image (IMG)",
        23 "Support of Localised Service Areas (SoLSA)",
        24 "Enhanced Multi-Level Precedence and Pre-emption Service",
        25 "Automatic Answer for eMLPP",
        27 "GSM Access",
        28 "Data download via SMS-PP",
        29 "Data download via SMS-CB",
        30 "Call Control by USIM",
        31 "MO-SMS Control by USIM",
        32 "RUN AT COMMAND command",
        33 "shall be set to 1",
        34 "Enabled Services Table",
        35 "APN Control List (ACL)",
        36 "Depersonalisation Control Keys",
        37 "Co-operative Network List",
        38 "GSM security context",
        39 "CPBCCH Information",
        40 "Investigation Scan",
        41 "MExE",
        42 "Operator controlled PLMN selector with Access Technology",
        43 "HPLMN selector with Access Technology",
        44 "Extension 5",
        45 "PLMN Network Name",
        46 "Operator PLMN List",
        47 "Mailbox Dialling Numbers",
        48 "Message Waiting Indication Status",
        49 "Call Forwarding Indication Status",
        51 "Service Provider Display Information",
        52 "Multimedia Messaging Service (MMS)",
        53 "Extension 8",
        54 "Call control on GPRS by USIM",
        55 "MMS User Connectivity Parameters",
        56 "Network's indication of alerting in the MS (NIA)",
        57 "VGCS Group Identifier List",
        58 "VBS Group Identifier List",
        59 "Pseudonym",
        60 "User Controlled PLMN selector for I-WLAN access",
        61 "Operator Controlled PLMN selector for I-WLAN access",
        62 "User controlled WSID list",
        63 "Operator controlled WSID list",
        64 "VGCS security",
        65 "VBS security",
        66 "WLAN Reauthentication Identity",
        67 "Multimedia Messages Storage",
        68 "Generic Bootstrapping Architecture (GBA)",
        69 "MBMS security",
        70 "Data download via USSD and USSD application mode",
        71 "Equivalent HPLMN",
        72 "Additional TERMINAL PROFILE after UICC activation",
        73 "Equivalent HPLMN Presentation Indication",
        74 "Last RPLMN Selection Indication",
        75 "OMA BCAST Smart Card Profile",
        76 "GBA-based Local Key Establishment Mechanism",
        77 "Terminal Applications",
        78 "Service Provider Name Icon",
        79 "PLMN Network Name Icon",
        80 "Connectivity Parameters for USIM IP connections",
        81 "Home I-WLAN Specific Identifier List",
        82 "I-WLAN Equivalent HPLMN Presentation Indication",
        83 "I-WLAN HPLMN Priority Indication",
        84 "I-WLAN Last Registered PLMN",
        85 "EPS Mobility Management Information",
        86 "Allowed CSG Lists and corresponding indications",
        87 "Call control on EPS PDN connection by USIM",
        88 "HPLMN Direct Access",
        89 "eCall Data",
        90 "Operator CSG Lists and corresponding indications",
        91 "Support for SM-over-IP",
        92 "Support of CSG Display Control",
        93 "Communication Control for IMS by USIM",
        94 "Extended Terminal Applications",
        95 "Support of UICC access to IMS",
        96 "Non-Access Stratum configuration by USIM",
        97 "PWS configuration by USIM",
        99 "URI support by UICC",
        100 "Extended EARFCN support",
        101 "ProSe",
        102 "USAT Application Pairing",
        103 "Media Type support",
        104 "IMS call disconnection cause",
        105 "URI support for MO SHORT MESSAGE CONTROL",
        106 "ePDG configuration Information support",
        107 "ePDG configuration Information configured",
        108 "ACDC support",
        109 "MCPTT",
        110 "ePDG configuration Information for Emergency Service support",
        111 "ePDG configuration Information for Emergency Service configured",
        112 "eCall Data over IMS",
        113 "URI support for SMS-PP DOWNLOAD",
        114 "From Preferred",
        115 "IMS configuration data",
        116 "TV configuration",
        117 "3GPP PS Data Off",
        118 "3GPP PS Data Off Service List",
        119 "V2X",
        120 "XCAP Configuration Data",
        121 "EARFCN list for MTC/NB-IOT UEs",
        122 "5GS Mobility Management Information",
        123 "5G Security Parameters",
        124 "Subscription identifier privacy support",
        125 "SUCI calculation by the USIM",
        126 "UAC Access Identities support",
        127 "Expect control plane-based Steering of Roaming information during initial registration in VPLMN",
        128 "Call control on PDU Session by USIM",
        129 "5GS Operator PLMN List",
        130 "Support for SUPI of type NSI or GLI or GCI",
        131 "3GPP PS Data Off separate Home and Roaming lists",
        132 "Support for URSP by USIM",
        133 "5G Security Parameters extended",
        134 "MuD and MiD configuration data",
        135 "Support for Trusted non-3GPP access networks by USIM",
        136 "Support for multiple records of NAS security context storage for multiple registration",
        137 "Pre-configured CAG information list",
        138 "SOR-CMCI storage in USIM",
        139 "5G ProSe",
        140 "Storage of disaster roaming information in USIM",
        141 "Pre-configured eDRX parameters",
        142 "5G NSWO support",
        143 "PWS configuration for SNPN in USIM",
        144 "Multiplier Coefficient for Higher Priority PLMN search via NG-RAN satellite access",
        145 "K_AUSF derivation configuration",
        146 "Network Identifier for SNPN (NID)",
    }
    /// Services of a SIM, `EF_SST` (TS 51.011 §10.3.7).
    SIM 2 {
        1 "CHV1 disable function",
        2 "Abbreviated Dialling Numbers (ADN)",
        3 "Fixed Dialling Numbers (FDN)",
        4 "Short Message Storage (SMS)",
        5 "Advice of Charge (AoC)",
        6 "Capability Configuration Parameters (CCP)",
        7 "PLMN selector",
        9 "MSISDN",
        10 "Extension1",
        11 "Extension2",
        12 "SMS Parameters",
        13 "Last Number Dialled (LND)",
        14 "Cell Broadcast Message Identifier",
        15 "Group Identifier Level 1",
        16 "Group Identifier Level 2",
        17 "Service Provider Name",
        18 "Service Dialling Numbers (SDN)",
        19 "Extension 3",
        21 "VGCS Group Identifier List",
        22 "VBS Group Identifier List",
        23 "enhanced Multi-Level Precedence and Pre-emption Service",
        24 "Automatic Answer for eMLPP",
        25 "Data download via SMS-CB",
        26 "Data download via SMS-PP",
        27 "Menu selection",
        28 "Call control",
        29 "Proactive SIM",
        30 "Cell Broadcast Message Identifier Ranges",
        31 "Barred Dialling Numbers (BDN)",
        32 "Extension 4",
        33 "De-personalization Control Keys",
        34 "Co-operative Network List",
        35 "Short Message Status Reports",
        36 "Network's indication of alerting in the MS",
        37 "Mobile Originated Short Message control by SIM",
        38 "GPRS",
        39 "Image (IMG)",
        40 "SoLSA (Support of Local Service Area)",
        41 "USSD string data object supported in Call Control",
        42 "RUN AT COMMAND command",
        43 "User controlled PLMN Selector with Access Technology",
        44 "Operator controlled PLMN Selector with Access Technology",
        45 "HPLMN Selector with Access Technology",
        46 "CPBCCH Information",
        47 "Investigation Scan",
        48 "Extended Capability Configuration Parameters",
        49 "MExE",
        51 "PLMN Network Name",
        52 "Operator PLMN List",
        53 "Mailbox Dialling Numbers",
        54 "Message Waiting Indication Status",
        55 "Call Forwarding Indication Status",
        56 "Service Provider Display Information",
        57 "Multimedia Messaging Service (MMS)",
        58 "Extension 8",
        59 "MMS User Connectivity Parameters",
    }
    /// Services of an ISIM, `EF_IST` (TS 31.103 §4.2.7).
    ISIM 1 {
        1 "P-CSCF address",
        2 "Generic Bootstrapping Architecture (GBA)",
        3 "HTTP Digest",
        4 "GBA-based Local Key Establishment Mechanism",
        5 "Support of P-CSCF discovery for IMS Local Break Out",
        6 "Short Message Storage (SMS)",
        7 "Short Message Status Reports (SMSR)",
        8 "Support for SM-over-IP including data download via SMS-PP",
        9 "Communication Control for IMS by ISIM",
        10 "Support of UICC access to IMS",
        11 "URI support by UICC",
        12 "Media Type support",
        13 "IMS call disconnection cause",
        14 "URI support for MO SHORT MESSAGE CONTROL",
        15 "MCPTT",
        16 "URI support for SMS-PP DOWNLOAD",
        17 "From Preferred",
        18 "IMS configuration data",
        19 "XCAP Configuration Data",
        20 "WebRTC URI",
        21 "MuD and MiD configuration data",
        22 "IMS Data Channel indication",
    }
    /// Services of a USIM that are enabled, `EF_EST` (TS 31.102 §4.2.47).
    ENABLED 1 {
        1 "Fixed Dialling Numbers (FDN)",
        2 "Barred Dialling Numbers (BDN)",
        3 "APN Control List (ACL)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_counted_up() {
        for table in ServiceTable::ALL {
            assert!(table.services.is_sorted_by(|(one, _), (next, _)| one < next));
        }
        assert_eq!(ServiceTable::USIM.name(28), Some("Data download via SMS-PP"));
        assert_eq!(ServiceTable::SIM.name(26), Some("Data download via SMS-PP"));
        assert_eq!(ServiceTable::USIM.name(0), None);
    }
}
