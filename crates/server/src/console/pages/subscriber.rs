//! One subscriber.

use axum::{
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use oxisim_backup::{
    BlockSet, Command, Held, Order, OrderStep, Restore, RestoreStep, Session, Standing, message::Source,
};
use oxisim_phonebook::vcard::{self, Version};

use super::{BOOKS, Fields, badge, book, book_name, button, csrf, done, id, link, number, page, time};
use crate::{
    Summary,
    console::{Console, Dossier, Problem, SubscriberId, Visitor},
};

/// Runs of missing blocks that are written out.
const RUNS: usize = 12;

/// All that is known of a subscriber.
pub(in crate::console) async fn dossier(console: &Console, id: SubscriberId) -> Result<Dossier, Problem> {
    let found = console.work(move |inner| inner.desk.subscriber(&id)).await?;
    found.ok_or_else(Problem::not_found)
}

/// A copy of a subscriber.
pub(in crate::console) async fn held(
    console: &Console,
    id: SubscriberId,
    source: Source,
) -> Result<Held, Problem> {
    let found = console.work(move |inner| inner.desk.copy(&id, source)).await?;
    found.ok_or_else(Problem::not_found)
}

pub(in crate::console) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path(subscriber): Path<String>,
    Query(fields): Query<Fields>,
) -> Result<Markup, Problem> {
    let dossier = dossier(&console, id(&subscriber)?).await?;
    let number = number(&visitor, &dossier.msisdn);
    let has_copy = dossier.books.iter().any(|book| book.source == Source::CARD && book.copy.is_some());
    let body = html! {
        p.crumbs { a href="/subscribers" { "Subscribers" } }
        h1.figures { (number) }
        (done(&fields, &[
            ("restore", "The copy is being written onto the card. It goes on by itself."),
            ("nothing", "There is no copy of the card's phonebook that could be written back."),
        ]))
        @if visitor.is_operator() {
            div.actions {
                @if has_copy {
                    (button(&visitor, &format!("{}/restore", link(&dossier.id)), "main", "Restore onto the card"))
                }
                a.button href={ (link(&dossier.id)) "/messages" } { "Messages" }
                a.button.danger href={ (link(&dossier.id)) "/forget" } { "Forget …" }
            }
        } @else {
            div.actions { a.button href={ (link(&dossier.id)) "/messages" } { "Messages" } }
        }
        @for (source, name) in BOOKS {
            @let summary = dossier.books.iter().find(|book| book.source == source);
            @let session = dossier.sessions.iter().find(|session| session.backup.source == source);
            @if summary.is_some() || session.is_some() {
                section.panel {
                    h2 { @if source == Source::CARD { "The card's phonebook" } @else { "The phone's own phonebook" } }
                    (copy_line(&visitor, &dossier.id, name, summary))
                    @if let Some(session) = session { (backup(session)) }
                    (orders(&dossier.orders, source))
                }
            }
        }
        @if let Some(restore) = &dossier.restore { (restored(restore)) }
        @if let Some(card) = &dossier.card {
            section.panel {
                h2 { "Card" }
                dl {
                    @if visitor.is_operator() { div { dt { "ICCID" } dd.figures { (card.iccid) } } }
                    div { dt { "Keys" } dd { "version " (card.key_version) } }
                    div { dt { "Packets sent" } dd.figures { (card.sent) } }
                    div { dt { "Packets received" } dd.figures { (card.window.highest) } }
                    div { dt { "Messages refused" } dd.figures { (card.refused) } }
                    div { dt { "Since" } dd { (time(card.since)) } }
                }
            }
        }
    };
    Ok(page(&visitor, &number, "/subscribers", &body))
}

fn copy_line(visitor: &Visitor, id: &SubscriberId, name: &str, summary: Option<&Summary>) -> Markup {
    let copy = summary.and_then(|summary| summary.copy.as_ref());
    html! {
        dl {
            @if let Some(copy) = copy {
                div { dt { "Contacts" } dd.figures { (copy.contacts) } }
                div { dt { "Copied" } dd { (time(copy.at)) } }
                div { dt { "Generation" } dd.figures { (copy.generation) } }
            } @else {
                div { dt { "Copy" } dd { "none yet" } }
            }
            @if let Some(summary) = summary.filter(|summary| summary.alarms > 0) {
                div { dt { "Alarms" } dd { span.badge.bad { (summary.alarms) } } }
            }
        }
        @if copy.is_some() && visitor.is_operator() {
            p.actions {
                a.button href={ (link(id)) "/copies/" (name) } { "See the contacts" }
                a.button href={ (link(id)) "/copies/" (name) "/contacts.vcf" } { "Export as vCard" }
            }
        }
    }
}

fn backup(session: &Session) -> Markup {
    let Session { received, .. } = session;
    let missing = received.complement();
    html! {
        h3 { "Latest backup " (badge(session.standing)) }
        (strip(received))
        dl {
            div { dt { "Generation" } dd.figures { (session.backup.generation) } }
            div { dt { "Blocks received" } dd.figures { (received.len()) " of " (received.total()) } }
            div { dt { "Missing" } dd.figures { (missing_runs(&missing)) } }
            div { dt { "Begun" } dd { (time(session.since)) } }
            div { dt { "Next resume" } dd {
                @match session.resume_at { Some(at) => (time(at)), None => "none planned" }
            } }
            @if session.standing == Standing::Open {
                div { dt { "Asked in vain" } dd.figures { (session.asked) } }
            }
        }
    }
}

/// The blocks as a strip: what has come is filled.
fn strip(received: &BlockSet) -> Markup {
    let total = received.total().max(1);
    let words = format!("{} of {} blocks received", received.len(), received.total());
    html! {
        svg.strip viewBox={ "0 0 " (total) " 1" } preserveAspectRatio="none" role="img" aria-label=(words) {
            @for (first, last) in received.ranges() {
                rect x=(first.saturating_sub(1)) y="0" width=(last.saturating_sub(first).saturating_add(1)) height="1" {}
            }
        }
    }
}

fn missing_runs(missing: &BlockSet) -> String {
    let runs = missing.ranges();
    let run = |(first, last): &(u16, u16)| {
        if first == last { first.to_string() } else { format!("{first}–{last}") }
    };
    let mut words = runs.iter().take(RUNS).map(run).collect::<Vec<_>>().join(", ");
    if words.is_empty() {
        words = "none".into();
    }
    match runs.len().saturating_sub(RUNS) {
        0 => words,
        more => format!("{words} and {more} more runs"),
    }
}

fn orders(orders: &[Order], source: Source) -> Markup {
    html! {
        @for order in orders.iter().filter(|order| order.source == source) {
            p.order {
                @match order.command { Command::Configure(_) => "Configuration", Command::Start { .. } => "Order to start" }
                " " span.figures { (order.number) } ": " (order_words(order))
            }
        }
    }
}

pub(in crate::console) fn order_words(order: &Order) -> String {
    match order.step {
        OrderStep::Pending => format!("not answered yet, said {} times", order.said),
        OrderStep::Answered(0) => "done".into(),
        OrderStep::Answered(code) => format!("refused with {code:02X}"),
        OrderStep::Unspoken => "the uploader does not know such orders".into(),
        OrderStep::GivenUp => "not answered, given up".into(),
    }
}

pub(in crate::console) const fn restore_words(step: RestoreStep) -> (&'static str, &'static str) {
    match step {
        RestoreStep::Running => ("open", "running"),
        RestoreStep::Complete { equal: true } => ("good", "complete"),
        RestoreStep::Complete { equal: false } => ("open", "complete, the card differs"),
        RestoreStep::GivenUp => ("bad", "given up"),
    }
}

fn restored(restore: &Restore) -> Markup {
    let (class, word) = restore_words(restore.step);
    let total = restore.todo.total();
    html! {
        section.panel {
            h2 { "Latest restore " span class={ "badge " (class) } { (word) } }
            dl {
                div { dt { "Generation" } dd.figures { (restore.generation) } }
                div { dt { "Blocks sent" } dd.figures { (total - restore.todo.len().min(total)) " of " (total) } }
                @if let Some(due) = restore.due { div { dt { "Next message" } dd { (time(due)) } } }
            }
        }
    }
}

pub(in crate::console) async fn copy(
    State(console): State<Console>,
    visitor: Visitor,
    Path((subscriber, name)): Path<(String, String)>,
) -> Result<Markup, Problem> {
    let (id, source) = (id(&subscriber)?, book(&name)?);
    let held = held(&console, id, source).await?;
    let number = number(&visitor, &dossier(&console, id).await?.msisdn);
    let body = html! {
        p.crumbs { a href="/subscribers" { "Subscribers" } " / " a.figures href=(link(&id)) { (number) } }
        h1 { "Contacts of the " (book_name(source)) }
        p { "As they were at " (time(held.at)) ", generation " (held.generation) "." }
        p.actions { a.button href={ (link(&id)) "/copies/" (name) "/contacts.vcf" } { "Export as vCard" } }
        @if held.book.is_empty() {
            div.empty { p { "The phonebook is empty." } }
        } @else {
            table {
                thead { tr { th.right { "Slot" } th { "Name" } th { "Numbers" } } }
                tbody {
                    @for (slot, record) in held.book.iter() {
                        @let contact = record.contact();
                        tr {
                            td.right data-label="Slot" { (slot) }
                            th scope="row" data-label="Name" { (contact.name) }
                            td.figures data-label="Numbers" {
                                @for (place, number) in contact.numbers.iter().enumerate() {
                                    @if place > 0 { br; }
                                    (number.number)
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(page(&visitor, "Contacts", "/subscribers", &body))
}

pub(in crate::console) async fn export(
    State(console): State<Console>,
    Path((subscriber, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let held = held(&console, id(&subscriber)?, book(&name)?).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/vcard; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"contacts.vcf\""),
    ];
    Ok((headers, vcard::write(&held.book.contacts(), Version::V4)).into_response())
}

pub(in crate::console) async fn restore(
    State(console): State<Console>,
    Path(subscriber): Path<String>,
) -> Result<Redirect, Problem> {
    let (id, now) = (id(&subscriber)?, console.now());
    dossier(&console, id).await?;
    let is_begun = console.work(move |inner| inner.desk.restore(&id, now)).await?;
    let done = if is_begun { "restore" } else { "nothing" };
    Ok(Redirect::to(&format!("{}?done={done}", link(&id))))
}

pub(in crate::console) async fn ask_forget(
    State(console): State<Console>,
    visitor: Visitor,
    Path(subscriber): Path<String>,
) -> Result<Markup, Problem> {
    let dossier = dossier(&console, id(&subscriber)?).await?;
    let number = number(&visitor, &dossier.msisdn);
    let contacts: u32 =
        dossier.books.iter().filter_map(|book| book.copy.as_ref()).map(|copy| copy.contacts).sum();
    let body = html! {
        p.crumbs { a href="/subscribers" { "Subscribers" } " / " a.figures href=(link(&dossier.id)) { (number) } }
        div.narrow {
            h1 { "Forget this subscriber?" }
            p { "The copy with " (contacts) " contacts, the backup under way, and all notes about messages of "
                span.figures { (number) } " are deleted for good." }
            form.actions method="post" action={ (link(&dossier.id)) "/forget" } {
                (csrf(&visitor))
                button.danger { "Forget for good" }
                a.button href=(link(&dossier.id)) { "Keep" }
            }
        }
    };
    Ok(page(&visitor, "Forget", "/subscribers", &body))
}

pub(in crate::console) async fn forget(
    State(console): State<Console>,
    Path(subscriber): Path<String>,
) -> Result<Redirect, Problem> {
    let id = id(&subscriber)?;
    let is_forgotten = console.work(move |inner| inner.desk.forget(&id)).await?;
    if is_forgotten { Ok(Redirect::to("/subscribers?done=forget")) } else { Err(Problem::not_found()) }
}
