//! Notes about messages.

use axum::extract::{Path, Query, State};
use maud::{Markup, html};

use super::{Fields, id, link, next, number, page, skip, subscriber::dossier, time};
use crate::{
    Direction, LogEntry,
    console::{Console, Page, Problem, SubscriberId, Visitor},
};

/// A page of notes.
pub(in crate::console) async fn notes(
    console: &Console,
    of: Option<SubscriberId>,
    skip: usize,
) -> Result<Page<LogEntry, usize>, Problem> {
    console.work(move |inner| inner.desk.messages(of.as_ref(), skip)).await
}

pub(in crate::console) async fn all(
    State(console): State<Console>,
    visitor: Visitor,
    Query(fields): Query<Fields>,
) -> Result<Markup, Problem> {
    let Page { rows, next: more } = notes(&console, None, skip(&fields)).await?;
    let body = html! {
        h1 { "Messages" }
        p { "Of all subscribers, the latest first. Nothing of a phonebook stands here." }
        (table(&rows))
        (next(more.map(|skip| format!("/messages?skip={skip}"))))
    };
    Ok(page(&visitor, "Messages", "/messages", &body))
}

pub(in crate::console) async fn of_one(
    State(console): State<Console>,
    visitor: Visitor,
    Path(subscriber): Path<String>,
    Query(fields): Query<Fields>,
) -> Result<Markup, Problem> {
    let dossier = dossier(&console, id(&subscriber)?).await?;
    let Page { rows, next: more } = notes(&console, Some(dossier.id), skip(&fields)).await?;
    let path = link(&dossier.id);
    let body = html! {
        p.crumbs {
            a href="/subscribers" { "Subscribers" } " / "
            a.figures href=(path) { (number(&visitor, &dossier.msisdn)) }
        }
        h1 { "Messages" }
        (table(&rows))
        (next(more.map(|skip| format!("{path}/messages?skip={skip}"))))
    };
    Ok(page(&visitor, "Messages", "/subscribers", &body))
}

fn table(rows: &[LogEntry]) -> Markup {
    html! {
        @if rows.is_empty() {
            div.empty { p { "No messages." } }
        } @else {
            table {
                thead { tr { th { "Time" } th { "Way" } th { "Message" } th.right { "Octets" } } }
                tbody {
                    @for entry in rows {
                        tr {
                            td data-label="Time" { (time(entry.at)) }
                            td data-label="Way" { (way(entry.direction)) }
                            td data-label="Message" { (entry.summary) }
                            td.right data-label="Octets" { (entry.octets) }
                        }
                    }
                }
            }
        }
    }
}

/// Which way a message went, in a word.
pub(in crate::console) const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
}
