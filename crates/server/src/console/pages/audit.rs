//! The audit log.

use axum::extract::{Query, State};
use maud::{Markup, html};
use oxisim_wire::Instant;

use super::{Fields, next, page, skip, time};
use crate::console::{Console, Entry, Page, Problem, Visitor, audit};

/// A page of the audit log.
pub(in crate::console) async fn entries(
    console: &Console,
    skip: usize,
) -> Result<Page<Entry, usize>, Problem> {
    console.work(move |inner| audit::page(&*inner.drawers, skip)).await
}

pub(in crate::console) async fn list(
    State(console): State<Console>,
    visitor: Visitor,
    Query(fields): Query<Fields>,
) -> Result<Markup, Problem> {
    let Page { rows, next: more } = entries(&console, skip(&fields)).await?;
    let body = html! {
        h1 { "Audit" }
        p { "Who saw what, and did what. Subscribers stand here by their identifiers." }
        table {
            thead { tr { th { "Time" } th { "Account" } th { "From" } th { "Act" } th { "Of" } } }
            tbody {
                @for Entry { at, account, from, act, subject } in &rows {
                    tr {
                        td data-label="Time" { (time(Instant::from_secs(*at))) }
                        td data-label="Account" {
                            @match account { Some(account) => (account), None => span.none { "nobody" } }
                        }
                        td.figures data-label="From" {
                            @match from { Some(from) => (from), None => span.none { "–" } }
                        }
                        td data-label="Act" { (act) }
                        td data-label="Of" { (of(subject.as_deref())) }
                    }
                }
            }
        }
        (next(more.map(|skip| format!("/audit?skip={skip}"))))
    };
    Ok(page(&visitor, "Audit", "/audit", &body))
}

fn of(subject: Option<&str>) -> Markup {
    let is_subscriber = |word: &str| word.parse::<crate::console::SubscriberId>().is_ok();
    html! {
        @match subject {
            None => span.none { "–" },
            Some(subject) => span {
                @for word in subject.split(' ') {
                    @if is_subscriber(word) {
                        a.figures href={ "/subscribers/" (word) } title=(word) { (word.get(..8).unwrap_or(word)) "…" } " "
                    } @else { (word) " " }
                }
            }
        }
    }
}
