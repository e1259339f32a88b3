//! The table of what can lock or destroy a card, as docs/READERS.md has it.

use oxisim_apdu::{Classes, HARMS};

#[test]
fn the_page_about_readers_has_every_line_of_the_table_and_no_other() {
    let page = include_str!("../../../docs/READERS.md");
    let (_, table) = page.split_once("| instruction | class |").expect("the table");
    let (_, table) = table.split_once("|\n|---|---|---|---|---|\n").expect("its lines");
    let of_page: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let of_code = HARMS.iter().map(|harm| {
        let instructions: Vec<String> =
            harm.instructions.iter().map(|octet| format!("`{octet:02X}`")).collect();
        let classes = match harm.classes {
            Classes::Any => "any",
            Classes::Interindustry => "`00` to `7F`",
            Classes::Proprietary => "`80` to `FF`",
        };
        format!("| {} | {classes} | {} | {} | {} |", instructions.join(", "), harm.name, harm.does, harm.spec)
    });
    assert_eq!(of_page, of_code.collect::<Vec<_>>());
}
