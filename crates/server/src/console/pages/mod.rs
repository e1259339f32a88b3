//! The pages.

pub(super) mod accounts;
pub(super) mod audit;
mod form;
pub(super) mod messages;
pub(super) mod policy;
pub(super) mod sign_in;
pub(super) mod subscriber;
pub(super) mod subscribers;
pub(super) mod throughput;

use std::collections::HashMap;

use axum::{
    http::{Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use maud::{DOCTYPE, Markup, html};
use oxisim_sms::CivilTime;
use oxisim_wire::Instant;

use super::{Problem, SubscriberId, Visitor, masked};
use crate::{Msisdn, Progress};
use oxisim_backup::{Standing, message::Source};

/// Names and values of a form or of a query.
pub(super) type Fields = HashMap<String, String>;

/// The pages that the head of each leads to, and whether only operators have them.
const PLACES: [(&str, &str, bool); 6] = [
    ("/subscribers", "Subscribers", false),
    ("/messages", "Messages", false),
    ("/throughput", "Throughput", false),
    ("/policy", "Policy", false),
    ("/accounts", "Accounts", true),
    ("/audit", "Audit", false),
];

pub(super) async fn home() -> Redirect {
    Redirect::to("/subscribers")
}

pub(super) async fn style() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("../console.css"))
}

pub(super) async fn icon() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=86400")];
    (headers, include_str!("../icon.svg"))
}

/// Of an address that there is not.
pub(super) async fn nowhere(uri: Uri) -> Response {
    let problem = Problem::not_found();
    if uri.path().starts_with("/api/") {
        return problem.into_response();
    }
    let nobody = Visitor { account: None, from: None, csrf: String::new() };
    (problem.status, self::problem(&nobody, &problem)).into_response()
}

/// A page: `here` is the place that it belongs to.
pub(super) fn page(visitor: &Visitor, title: &str, here: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · oxisim" }
                link rel="stylesheet" href="/console.css";
                link rel="icon" href="/icon.svg" type="image/svg+xml";
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/" { "oxisim" }
                    @if visitor.account.is_some() {
                        nav aria-label="Places" {
                            @for (path, name, is_restricted) in PLACES {
                                @if !is_restricted || visitor.is_operator() {
                                    a href=(path) aria-current=[(path == here).then_some("page")] { (name) }
                                }
                            }
                        }
                        div.self {
                            a href="/account" aria-current=[(here == "/account").then_some("page")] {
                                (visitor.name())
                            }
                            (button(visitor, "/logout", "quiet", "Sign out"))
                        }
                    }
                }
                main #main tabindex="-1" { (body) }
                footer { "Times are in UTC." }
            }
        }
    }
}

/// A page that says what is wrong.
pub(super) fn problem(visitor: &Visitor, problem: &Problem) -> Markup {
    let title = problem.status.canonical_reason().unwrap_or("Error");
    let body = html! {
        h1 { (title) }
        p.notice.bad role="alert" { (problem.detail) }
        p { a href="/" { "To the subscribers" } }
    };
    page(visitor, title, "", &body)
}

/// What somebody has typed into a field; nothing if there is none.
fn typed<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map(String::as_str).unwrap_or_default()
}

/// What has just been done, by the word for it in the address.
fn done(fields: &Fields, words: &[(&str, &str)]) -> Markup {
    let word = typed(fields, "done");
    let sentence = words.iter().find(|(known, _)| *known == word).map(|(_, sentence)| sentence);
    html! { @if let Some(sentence) = sentence { p.notice.good role="status" { (sentence) } } }
}

/// What is wrong with a form.
fn wrong(problem: Option<&Problem>) -> Markup {
    html! { @if let Some(problem) = problem { p.notice.bad role="alert" { (problem.detail) } } }
}

/// The hidden field that makes a form this session's.
fn csrf(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="csrf" value=(visitor.csrf); }
}

/// A form that is a button.
fn button(visitor: &Visitor, path: &str, class: &str, words: &str) -> Markup {
    html! { form method="post" action=(path) { (csrf(visitor)) button class=(class) { (words) } } }
}

/// A button that asks once more before it does what cannot be undone.
fn careful(visitor: &Visitor, path: &str, words: &str) -> Markup {
    html! {
        details.careful {
            summary.button.danger { (words) " …" }
            (button(visitor, path, "danger", "Yes, for good"))
        }
    }
}

/// A point in time.
fn time(at: Instant) -> Markup {
    let civil = CivilTime::from_instant(at, 0);
    let CivilTime { year, month, day, hour, minute, second, .. } = civil;
    let exact = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    html! {
        time datetime=(exact) title=(exact) {
            (format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"))
        }
    }
}

/// A subscriber's number, as far as the visitor may see it.
fn number(visitor: &Visitor, msisdn: &Msisdn) -> String {
    let number = msisdn.to_string();
    if visitor.is_operator() { number } else { masked(&number) }
}

fn link(id: &SubscriberId) -> String {
    format!("/subscribers/{id}")
}

/// The link to the rows that come next.
fn next(path: Option<String>) -> Markup {
    html! { @if let Some(path) = path { p.pages { a href=(path) rel="next" { "Next page" } } } }
}

/// How many rows a page leaves out.
pub(super) fn skip(fields: &Fields) -> usize {
    fields.get("skip").and_then(|skip| skip.parse().ok()).unwrap_or(0)
}

/// How a backup stands, as a class of colour and a word.
pub(super) const fn standing(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Open => ("open", "open"),
        Standing::Complete(_) => ("good", "complete"),
        Standing::Differs(_) => ("bad", "differs"),
        Standing::Refused => ("bad", "refused"),
        Standing::Abandoned(_) => ("bad", "abandoned"),
    }
}

fn badge(of: Standing) -> Markup {
    let (class, word) = standing(of);
    html! { span class={ "badge " (class) } { (word) } }
}

/// How far a backup is.
fn progress(latest: &Progress) -> Markup {
    let Progress { standing, received, total, .. } = *latest;
    html! {
        (badge(standing))
        @if standing == Standing::Open {
            " "
            span.figures { progress value=(received) max=(total) aria-label="Blocks received" {} " " (received) " of " (total) }
        }
    }
}

/// The phonebooks that have a name in addresses.
pub(super) const BOOKS: [(Source, &str); 2] = [(Source::CARD, "card"), (Source::PHONE, "phone")];

/// A phonebook's name.
pub(super) fn book_name(source: Source) -> &'static str {
    BOOKS.iter().find(|(known, _)| *known == source).map_or("other", |(_, name)| name)
}

/// The phonebook with this name.
pub(super) fn book(name: &str) -> Result<Source, Problem> {
    let found = BOOKS.iter().find(|(_, known)| *known == name).map(|(source, _)| *source);
    found.ok_or_else(Problem::not_found)
}

/// The subscriber that a part of an address stands for.
pub(super) fn id(text: &str) -> Result<SubscriberId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
