//! `oxisim card --applets`: what is installed on a card, and what it uses.

use std::io::{self, Write};

use oxisim_card::{AppletInfo, AppletState, Card, ToolkitEvent};
use serde_json::{Value, json};

use crate::failure::Failure;

/// The columns of the table.
const COLUMNS: [&str; 10] =
    ["AID", "name", "state", "priority", "transient", "persistent", "menu", "timers", "package", "events"];

/// Lists the applets on a card.
pub fn list(card: &Card, json: bool, out: &mut impl Write) -> Result<(), Failure> {
    if json {
        let applets: Vec<_> = card.applets().map(|applet| applet_json(&applet)).collect();
        writeln!(out, "{:#}", json!(applets))?;
        return Ok(());
    }
    let rows: Vec<_> = card.applets().map(|applet| row(&applet)).collect();
    if rows.is_empty() {
        writeln!(out, "No applet.")?;
        return Ok(());
    }
    table(&rows, out)?;
    Ok(())
}

fn applet_json(applet: &AppletInfo) -> Value {
    let memory = |used: usize, quota: Option<u16>| json!({ "used": used, "quota": quota });
    json!({
        "aid": format!("{:?}", applet.aid),
        "name": applet.name,
        "state": state(applet.state),
        "package": format!("{:?}", applet.package),
        "class": format!("{:?}", applet.class),
        "priority": applet.parameters.priority,
        "transient": memory(applet.transient_octets, applet.parameters.transient_quota),
        "persistent": memory(applet.persistent_octets, applet.parameters.persistent_quota),
        "menu_entries": applet.menu_entries,
        "timers": applet.timers,
        "events": events(applet),
    })
}

fn row(applet: &AppletInfo) -> [String; COLUMNS.len()] {
    let memory = |used: usize, quota: Option<u16>| match quota {
        Some(quota) => format!("{used} of {quota}"),
        None => used.to_string(),
    };
    let numbers = |numbers: &[u8]| listed(numbers.iter().map(u8::to_string));
    [
        format!("{:?}", applet.aid),
        applet.name.clone(),
        state(applet.state).into(),
        applet.parameters.priority.to_string(),
        memory(applet.transient_octets, applet.parameters.transient_quota),
        memory(applet.persistent_octets, applet.parameters.persistent_quota),
        numbers(&applet.menu_entries),
        numbers(&applet.timers),
        format!("{:?}", applet.package),
        listed(events(applet).into_iter()),
    ]
}

/// The life cycle state (GP Card Specification §5.3).
const fn state(state: AppletState) -> &'static str {
    match state {
        AppletState::Installed => "INSTALLED",
        AppletState::Selectable => "SELECTABLE",
        AppletState::Locked => "LOCKED",
    }
}

fn events(applet: &AppletInfo) -> Vec<String> {
    let name = |event: &ToolkitEvent| event.name().map_or_else(|| format!("{event:?}"), Into::into);
    applet.events.iter().map(name).collect()
}

/// Words behind each other; a dash if there are none.
fn listed(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    if words.is_empty() { "-".into() } else { words.join(", ") }
}

/// Rows below their heads, in columns as wide as they need to be.
fn table(rows: &[[String; COLUMNS.len()]], out: &mut impl Write) -> io::Result<()> {
    let heads = COLUMNS.map(String::from);
    let all = || std::iter::once(&heads).chain(rows);
    let mut widths = [0; COLUMNS.len()];
    for row in all() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in all() {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
