//! The subscribers.

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};

use super::{Fields, book_name, done, link, next, number, page, progress, time, wrong};
use crate::{
    Msisdn, Summary,
    console::{Console, Filter, Page, Problem, Row, SubscriberId, Visitor},
};

pub(in crate::console) async fn list(
    State(console): State<Console>,
    visitor: Visitor,
    Query(fields): Query<Fields>,
) -> Result<Markup, Problem> {
    shown(&console, &visitor, &fields, None).await
}

async fn shown(
    console: &Console,
    visitor: &Visitor,
    fields: &Fields,
    problem: Option<&Problem>,
) -> Result<Markup, Problem> {
    let filter = fields.get("state").and_then(|name| Filter::named(name)).unwrap_or_default();
    let after = fields.get("after").map(|after| super::id(after)).transpose()?;
    let page_of = console.work(move |inner| inner.desk.subscribers(filter, after.as_ref())).await?;
    let Page { rows, next: more } = page_of;
    let body = html! {
        h1 { "Subscribers" }
        (done(fields, &[("forget", "The subscriber is forgotten.")]))
        (wrong(problem))
        @if visitor.is_operator() {
            form.search method="post" action="/subscribers/find" role="search" {
                (super::csrf(visitor))
                label for="number" { "Number" }
                input #number name="number" type="tel" inputmode="tel" placeholder="+49 151 1234567"
                    autocomplete="off" required;
                button { "Find" }
            }
        }
        nav.tabs aria-label="State of the backup" {
            @for (one, name) in Filter::ALL {
                a href={ "/subscribers?state=" (name) } aria-current=[(one == filter).then_some("page")] { (name) }
            }
        }
        @if rows.is_empty() { (nobody(filter)) } @else { (table(visitor, &rows)) }
        (next(more.map(|id: SubscriberId| format!("/subscribers?state={}&after={id}", filter.name()))))
    };
    Ok(page(visitor, "Subscribers", "/subscribers", &body))
}

fn nobody(filter: Filter) -> Markup {
    html! {
        div.empty {
            @if filter == Filter::All {
                p { "No subscribers yet." }
                p { "One appears here as soon as the first message of a backup has come." }
            } @else {
                p { "No subscriber's backup is in this state." }
            }
        }
    }
}

fn table(visitor: &Visitor, rows: &[Row]) -> Markup {
    html! {
        table {
            thead { tr {
                th { "Number" } th { "Book" } th.right { "Contacts" } th { "Copied" } th { "Latest backup" }
                th { "Next resume" }
            } }
            tbody {
                @for row in rows {
                    @for book in &row.books { (book_row(visitor, row, book)) }
                }
            }
        }
    }
}

fn book_row(visitor: &Visitor, row: &Row, book: &Summary) -> Markup {
    html! {
        tr {
            th scope="row" data-label="Number" { a href=(link(&row.id)) { (number(visitor, &row.msisdn)) } }
            td data-label="Book" { (book_name(book.source)) }
            td.right data-label="Contacts" {
                @match &book.copy { Some(copy) => (copy.contacts), None => span.none { "–" } }
            }
            td data-label="Copied" {
                @match &book.copy { Some(copy) => (time(copy.at)), None => span.none { "never" } }
            }
            td data-label="Latest backup" {
                @match &book.latest { Some(latest) => (progress(latest)), None => span.none { "–" } }
                @if book.alarms > 0 { " " span.badge.bad { (book.alarms) " alarms" } }
            }
            td data-label="Next resume" {
                @match book.latest.as_ref().and_then(|latest| latest.resume_at) {
                    Some(at) => (time(at)),
                    None => span.none { "–" },
                }
            }
        }
    }
}

pub(in crate::console) async fn find(
    State(console): State<Console>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    match found(&console, fields.get("number").map(String::as_str).unwrap_or_default()).await {
        Ok(id) => Ok(Redirect::to(&link(&id)).into_response()),
        Err(problem) if problem.status.is_server_error() => Err(problem),
        Err(problem) => {
            let body = shown(&console, &visitor, &Fields::new(), Some(&problem)).await?;
            Ok((problem.status, body).into_response())
        }
    }
}

/// The subscriber whose number somebody has typed, as people write numbers.
pub(in crate::console) async fn found(console: &Console, typed: &str) -> Result<SubscriberId, Problem> {
    let digits: String = typed.chars().filter(|c| !" -/().\u{A0}".contains(*c)).collect();
    let digits = digits.strip_prefix("00").map(str::to_owned).unwrap_or(digits);
    let msisdn: Msisdn = digits.parse().map_err(Problem::unprocessable)?;
    let found = console.work(move |inner| inner.desk.find(&msisdn)).await?;
    found.ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "Nothing is kept of a subscriber with this number.")
    })
}
