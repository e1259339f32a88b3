//! Mistakes in a card's file, each with its line, its key and its words.

use super::*;

/// What is wrong with a card's file.
fn wrong(text: &str) -> String {
    card(text).unwrap_err().to_string()
}

/// Real cards have such files, too.
#[test]
fn an_access_rule_that_is_not_there_is_doubted_and_no_error() {
    let doubts = |lines: &str| -> Vec<String> {
        let (_, doubts) = crate::card(&format!("{SMALL}{lines}"), &no_tables).unwrap();
        doubts.iter().map(ToString::to_string).collect()
    };
    let file = |fid: &str, arr: &str| format!("[files.\"MF/{fid}\"]\nsize = 1\narr = \"{arr}\"\n");
    let rules = "[files.\"MF/EF.ARR\"]\nrecord_length = 20\nrecord_count = 2\nread = \"always\"\n";
    let missing = "line 14: files.\"MF/2F05\".arr: there is no EF_ARR 2F06: what it would allow is denied";
    assert_eq!(doubts(&file("2F05", "2F06/1")), [missing]);
    assert_eq!(doubts(&(file("2F05", "2F06/2") + rules)), [""; 0], "it may stand behind");
    let both = file("2F05", "2F06/0:1 1:3") + &file("2F07", "2F06/3") + rules;
    assert_eq!(
        doubts(&both),
        [
            "line 14: files.\"MF/2F05\".arr: EF_ARR 2F06 has no record 3: what it would allow is denied (and 1 more \
          refer to it)"
        ]
    );
    let text = default_text();
    assert_eq!(crate::card(&text, &no_tables).unwrap().1, []);
}

/// What is wrong with a file of [`SMALL`], without the line and the table.
fn wrong_file(path: &str, lines: &str) -> String {
    let error = wrong(&format!("{SMALL}[files.\"{path}\"]\n{lines}"));
    let table = format!("files.{}", locate::quoted(path));
    let (line, rest) = error.split_once(&table).unwrap();
    assert!((12..17).any(|number| line == format!("line {number}: ")), "{error}");
    rest.trim_start_matches(": ").trim_start_matches('.').into()
}

#[test]
fn a_small_card_is_a_card() {
    card(SMALL).unwrap();
}

#[test]
fn a_wrong_file_is_named_with_line_and_key() {
    let text = format!("{SMALL}[files.\"7F10/6F3A\"]\nread = \"pin1\"\nrecord_length = 13\n");
    assert_eq!(wrong(&text), "line 14: files.\"7F10/6F3A\".record_length: 13 is too short for EF_ADN");
}

#[test]
fn every_mistake_in_a_file_has_its_words() {
    for (path, lines, expected) in [
        (
            "MF/EF.NONE",
            "size = 1",
            "\"EF.NONE\" is neither four hexadecimal digits nor the name of a file in MF that this program knows",
        ),
        ("MF/7F20/6F07", "size = 1", "there is no [directories.\"MF/DF.GSM\"] before it"),
        ("ADF.ISIM/6F07", "size = 1", "there is no [directories.\"ADF.ISIM\"]"),
        ("MF/DF.TELECOM", "size = 1", "MF/DF.TELECOM is there already"),
        ("ADF.USIM", "size = 1", "this is a directory: it belongs under [directories]"),
        ("2F05", "size = 4", "no access rule: write arr, compact, expanded, or read and update"),
        ("2F05", "compact = \"00\"", "no size and no contents from which it would follow"),
        ("2F05", "record_length = 4", "no record_count and no contents from which it would follow"),
        ("2F05", "size = 70000", "size: a file has 65535 octets at most"),
        ("2F05", "record_length = 300", "record_length: 300 is no length of a record: 1 to 255"),
        ("2F05", "record_count = 3", "record_count: only a file with a record_length has records"),
        ("2F05", "record_count = 0\nrecord_length = 1", "record_count: 0 is no number of records: 1 to 255"),
        ("2F05", "size = 3\nrecord_length = 1", "size: a file with records has record_count instead"),
        ("2F05", "structure = \"cyclic\"", "structure: record_length must be given"),
        (
            "2F05",
            "structure = \"ber-tlv\"\nrecord_length = 1",
            "structure: a file of this structure has no record_length",
        ),
        (
            "2F05",
            "structure = \"round\"",
            "structure: unknown variant `round`, expected one of `transparent`, `linear`, `cyclic`, `ber-tlv`",
        ),
        ("2F05", "sfi = 31", "sfi: invalid value: integer `31`, expected 1 to 30, \"none\" or \"implied\""),
        (
            "2F05",
            "size = 1\ncompact = \"00\"\nheader = \"00\"",
            "header: 1 octet; the header of a file has 14 to 255",
        ),
        ("2F05", "colour = 1", "colour: unknown field `colour`"),
        ("2F05", "contents = \"0g\"", "contents: 'g' is no hexadecimal digit"),
        ("2F05", "contents = \"00..\"", "a size must be given, for the contents end with \"..\""),
        ("2F05", "contents = \"0001\"\nsize = 1", "contents: 2 octets do not fit into 1"),
        (
            "2F05",
            "contents = \"0001\"\nsize = 3",
            "contents: 2 octets where 3 stand: end with \"FF..\" to fill the rest",
        ),
        ("2F05", "records = [\"00\"]", "records: records is for a file with a record_length"),
        (
            "2F05",
            "records = [\"2 x 00\"]\nrecord_length = 1\nrecord_count = 1",
            "records[1]: more records than the 1 of the file",
        ),
        (
            "2F05",
            "records = [\"00\", \"y x 00\"]\nrecord_length = 1",
            "records[2]: \"y\" is no number of records from 1 to 255",
        ),
        ("2F05", "imsi = \"1\"", "imsi: \"1\" is not an IMSI: 6 to 15 digits"),
        ("2F05", "imsi = \"001010000000001\"\nsize = 8", "imsi: 9 octets do not fit into 8"),
        (
            "2F05",
            "imsi = \"001010000000001\"\ncontents = \"00\"",
            "imsi: the contents are given already, as contents",
        ),
        ("2F05", "msisdn = \"112\"", "msisdn: msisdn is for a file with a record_length"),
        (
            "2F05",
            "phonebook = [{ name = \"A\", slot = 3 }]\nrecord_length = 20\nrecord_count = 2",
            "phonebook[1]: slot 3 is not one of 1 to 2",
        ),
        (
            "2F05",
            "phonebook = [{ name = \"A\" }, { name = \"B\", slot = 1 }]\nrecord_length = 20\nrecord_count = 2",
            "phonebook[2]: slot 1 is taken already",
        ),
        (
            "2F05",
            "phonebook = [{ name = \"Alexander\" }]\nrecord_length = 20\nrecord_count = 2",
            "phonebook[1]: \"Alexander\" does not fit into 6 octets: \"der\" is left over",
        ),
        ("2F05", "phonebook = []\nrecord_length = 20", "record_count must be given"),
        ("2F05", "imsi = \"001010000000001\"\nrecord_length = 9", "imsi: imsi is for a file without records"),
        ("2F05", "iccid = \"8900\"\nrecord_length = 10", "iccid: iccid is for a file without records"),
        (
            "2F05",
            "spn = { name = \"A\", condition = 1 }\nrecord_length = 17",
            "spn: spn is for a file without records",
        ),
        ("2F05", "records = [\"00\", \"0001\"]\nrecord_length = 1", "records[2]: 2 octets do not fit into 1"),
        ("2F05", "shared_with = \"2F06\"", "shared_with: there is no 2F06 before it"),
        ("2F05", "arr = \"2F06\"\nsize = 1", "arr: \"2F06\" is no reference to EF_ARR: write 2F06/3"),
        (
            "2F05",
            "read = \"pin1 or me\"\nsize = 1",
            "read: \"pin1 or me\" is not always, never, or keys such as \"pin1 or adm1\"",
        ),
        (
            "2F05",
            "size = 1\nread = \"always\"\ncompact = \"00\"",
            "more than one access rule: arr, compact, expanded, or read and update",
        ),
    ] {
        let found = wrong_file(path, lines);
        let found = found.split(", expected one of `structure`").next().unwrap();
        assert_eq!(found, expected, "{path} {lines}");
    }
}

#[test]
fn every_mistake_beside_files_has_its_words() {
    let with = |lines: &str| wrong(&format!("{SMALL}{lines}"));
    let pin = |lines: &str| with(&format!("[[pins]]\n{lines}"));
    for (found, expected) in [
        (wrong(""), "line 1: missing field `atr`"),
        (wrong("atr = "), "line 1: string values must be quoted, expected literal string"),
        (
            wrong(&SMALL.replace("3B00", "3")),
            "line 1: atr: 1 hexadecimal digits are no octets: their number is odd",
        ),
        (wrong(&SMALL.replace("3B00", "3B")), "line 1: atr: T0 at octet 1: 1 octet needed, 0 left"),
        (wrong("atr = \"3B00\""), "line 1: there is no [directories.\"MF\"]"),
        (with("[directories.\"MF\"]"), "line 12: duplicate key"),
        (
            with(
                "[files.\"MF/EF.PL\"]\nsize = 1\nread = \"always\"\n[files.\"2f05\"]\nsize = 1\nread = \"always\"",
            ),
            "line 15: files.2f05: MF/EF.PL is there already",
        ),
        (
            wrong(&SMALL.replace("\"3B00\"\n", &format!("\"3B00\"\nmenu_title = \"{}\"\n", "m".repeat(128)))),
            "line 2: menu_title: 128 octets do not fit into 127",
        ),
        (with("[directories.\"3F00\"]\ncompact = \"\""), "line 12: directories.3F00: MF is there already"),
        (
            with("[directories.\"7F20\"]"),
            "line 12: directories.7F20: no access rule: write arr, compact or expanded",
        ),
        (
            with("[directories.\"7F20\"]\nfid = \"7F20\""),
            "line 13: directories.7F20.fid: only an ADF has one beside its path",
        ),
        (
            with("[directories.\"7F20\"]\naid = \"00\""),
            "line 13: directories.7F20.aid: only an ADF has one: its path is \"ADF.\" and a name",
        ),
        (
            with("[directories.\"7F20\"]\ncompact = \"00\"\nheader = \"00\""),
            "line 14: directories.7F20.header: 1 octet; the header of a directory has 22 to 255",
        ),
        (
            wrong(&format!("platform = \"gsm\"\n{SMALL}")),
            "line 1: platform: unknown variant `gsm`, expected one of `uicc-with-sim`, `uicc`, `sim`",
        ),
        (with("[directories.\"ADF.B\"]"), "line 12: directories.\"ADF.B\": an ADF needs its aid"),
        (
            with("[directories.\"ADF.B\"]\naid = \"00\""),
            "line 13: directories.\"ADF.B\".aid: 1 octet; an AID has 5 to 16",
        ),
        (
            with("[directories.\"ADF.B\"]\naid = \"A0000000871002\""),
            "line 13: directories.\"ADF.B\".aid: another ADF has this AID",
        ),
        (
            with("[directories.\"ADF.B\"]\nfid = \"7\""),
            "line 13: directories.\"ADF.B\".fid: \"7\" is not four hexadecimal digits",
        ),
        (
            pin("key = \"pin7\"\nvalue = \"1234\""),
            "line 13: pins[2].key: \"pin7\" is no key: write pin1, pin2, adm1, or two hexadecimal digits",
        ),
        (pin("key = \"pin1\"\nvalue = \"1234\""), "line 13: pins[2].key: pin1 is there already"),
        (
            pin("key = \"pin2\"\nvalue = \"123\""),
            "line 14: pins[2].value: \"123\" is neither 4 to 8 digits nor 16 hexadecimal ones",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\ntries = 4"),
            "line 15: pins[2].tries: 4 of 3 tries cannot be left",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\nmax_tries = 16"),
            "line 15: pins[2].max_tries: 16 tries: 1 to 15 can be",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\nmax_tries = 0\ntries = 0"),
            "line 15: pins[2].max_tries: 0 tries: 1 to 15 can be",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\npuk = \"12345678\"\npuk_max_tries = 16"),
            "line 16: pins[2].puk_max_tries: 16 tries: 1 to 15 can be",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\npuk = \"12345678\"\npuk_tries = 11"),
            "line 16: pins[2].puk_tries: 11 of 10 tries cannot be left",
        ),
        (
            wrong(&SMALL.replace("\"3B00\"\n", "\"3B00\"\nmemory = 10\n")),
            "line 2: memory: 22 octets are in use, the memory has 10",
        ),
        (
            with(
                "[files.\"2F05\"]\nsize = 1\nread = \"always\"\nsfi = 5\n\
                 [files.\"2F06\"]\nsize = 1\nread = \"always\"\nsfi = 5",
            ),
            "line 19: files.2F06.sfi: 2F05 has the short file identifier 5 already",
        ),
        (
            with("[files.\"2F05\"]\nsize = 1\nread = \"always\"\nproprietary = \"C00140C0\""),
            "line 15: files.2F05.proprietary: no sequence of TLVs: proprietary information at octet 4: 1 octet \
             needed, 0 left",
        ),
        (
            pin("key = \"adm1\"\nvalue = \"1234\"\nenabled = false"),
            "line 13: pins[2].key: an administrative key cannot be disabled",
        ),
        (
            pin("key = \"pin2\"\nvalue = \"1234\"\ndirectory = \"7F20\""),
            "line 15: pins[2].directory: there is no [directories.\"7F20\"]",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn every_mistake_in_key_sets_has_its_words() {
    let k = "00112233445566778899AABBCCDDEEFF";
    let set = |version: u8, kic: &str, more: &str| {
        let head = format!("[[keys]]\nversion = {version}\nalgorithm = \"aes\"\n");
        format!("{head}kic = \"{kic}\"\nkid = \"{k}\"\n{more}")
    };
    for (lines, expected) in [
        (set(0, k, ""), "line 13: keys[1].version: 0: key sets have the numbers 1 to 15"),
        (set(16, k, ""), "line 13: keys[1].version: 16: key sets have the numbers 1 to 15"),
        (set(3, k, &set(3, k, "")), "line 18: keys[2].version: key set 3 is there already"),
        (set(1, "00", ""), "line 15: keys[1].kic: 1 octet; a key has 16, 24 or 32"),
        (set(1, k, "kik = \"00\""), "line 17: keys[1].kik: 1 octet; a key has 16, 24 or 32"),
        (set(1, k, "counter = 1099511627776"), "line 17: keys[1].counter: a counter has five octets"),
        ("[remote]\nsecurity = \"1216\"".into(), "line 13: remote.security: 2 octets where 1 stand"),
        (
            "[remote]\naccess = \"pin1 or adm1\"".into(),
            "line 13: remote.access: \"pin1 or adm1\" is not full, none, or keys such as \"pin1 and adm1\"",
        ),
    ] {
        assert_eq!(wrong(&format!("{SMALL}{lines}")), expected);
    }
}

#[test]
fn every_mistake_in_keys_and_applets_has_its_words() {
    let key = |lines: &str| wrong(&format!("{SMALL}[[authentication]]\ndirectory = \"ADF.USIM\"\n{lines}"));
    let applet = |lines: &str| wrong(&format!("{SMALL}[applets.backup]\n{lines}"));
    let k = "k = \"00112233445566778899AABBCCDDEEFF\"";
    for (found, expected) in [
        (key(k), "line 12: authentication[1]: missing field `algorithm`"),
        (
            key(&format!("algorithm = \"milenage\"\n{k}")),
            "line 14: authentication[1].algorithm: op or opc must be given",
        ),
        (key("algorithm = \"xor\"\nk = \"00\""), "line 15: authentication[1].k: 1 octet where 16 stand"),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nop = \"00\"")),
            "line 16: authentication[1].op: this algorithm has none",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\niterations = 1")),
            "line 16: authentication[1].iterations: this algorithm has none",
        ),
        (
            key("algorithm = \"tuak\"\nk = \"00\""),
            "line 15: authentication[1].k: 1 octet; a key of TUAK has 16 or 32",
        ),
        (
            key(&format!("algorithm = \"tuak\"\n{k}\niterations = 0")),
            "line 16: authentication[1].iterations: at least 1",
        ),
        (
            key(&format!("algorithm = \"tuak\"\n{k}\nmac_bits = 32")),
            "line 16: authentication[1].mac_bits: 32 bits: it has 64, 128, 256",
        ),
        (
            key(&format!("algorithm = \"tuak\"\n{k}\nres_bits = 96")),
            "line 16: authentication[1].res_bits: 96 bits: it has 32, 64, 128, 256",
        ),
        (
            key(&format!("algorithm = \"tuak\"\n{k}\nck_bits = 64")),
            "line 16: authentication[1].ck_bits: 64 bits: it has 128, 256",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nres_bits = 36")),
            "line 16: authentication[1].res_bits: 36 bits: a multiple of 8 from 32 to 128",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nik_bits = 128")),
            "line 16: authentication[1].ik_bits: this algorithm has none",
        ),
        (
            key(&format!("algorithm = \"milenage\"\n{k}\nres_bits = 64")),
            "line 16: authentication[1].res_bits: this algorithm has none",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nind_bits = 6")),
            "line 16: authentication[1].ind_bits: 6 bits: 0 to 5 can be",
        ),
        (
            key(&format!("algorithm = \"xor\"\n{k}\nsqn = [\"00\"]")),
            "line 16: authentication[1].sqn[1]: 1 octet where 6 stand",
        ),
        (
            key(&format!("algorithm = \"comp128-1\"\n{k}\nsqn = []")),
            "line 16: authentication[1].sqn: this algorithm has none",
        ),
        (
            key(&format!("algorithm = \"xor-2g\"\n{k}\ndelta = 5")),
            "line 16: authentication[1].delta: this algorithm has none",
        ),
        (
            key(&format!(
                "algorithm = \"xor\"\n{k}\n[[authentication]]\ndirectory = \"ADF.USIM\"\nalgorithm = \"xor\"\n{k}"
            )),
            "line 17: authentication[2].directory: ADF.USIM has a key already",
        ),
        (
            wrong(&format!(
                "{SMALL}[[authentication]]\ndirectory = \"MF/DF.TELECOM\"\nalgorithm = \"xor\"\n{k}"
            )),
            "line 13: authentication[1].directory: only ADFs and MF/DF.GSM authenticate",
        ),
        (
            wrong(&format!("{SMALL}[applets.greeter]\n")),
            "line 12: applets.greeter: unknown field `greeter`, expected one of `backup`, `hello`, `echo`, `balance`, \
             `tracker`",
        ),
        (applet("mode = \"timer\""), "line 12: applets.backup: missing field `server`"),
        (
            applet("server = \"1\"\nmode = \"fast\""),
            "line 14: applets.backup.mode: there is no mode \"fast\"; there are auto, normal, server, timer, status, ask",
        ),
        (
            applet("server = \"1\"\nasync = \"normal\""),
            "line 14: applets.backup.async: one of server, timer and status",
        ),
        (
            wrong(&format!("{SMALL}[applets.tracker]\nowner = \"me\"\n")),
            "line 13: applets.tracker.owner: 'm' is no decimal digit",
        ),
        (
            wrong(&format!("{SMALL}[applets.hello]\nname = \"Ada\"\n")),
            "line 13: applets.hello.name: unknown field `name`, there are no fields",
        ),
        (applet("server = \"nobody\""), "line 13: applets.backup.server: 'n' is no decimal digit"),
        (applet("server = \"1\"\nsubset = 0"), "line 14: applets.backup.subset: at least 1"),
        (
            applet("server = \"1\"\npause = \"soon\""),
            "line 14: applets.backup.pause: \"soon\" is no length of time: write 90s, 2m, 1h30m or 7d",
        ),
    ] {
        assert_eq!(found, expected);
    }
}
