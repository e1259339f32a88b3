//! The interface for programs: the same as the pages, as JSON.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use oxisim_backup::{Command, Order, Restore, Session};
use oxisim_sms::CivilTime;
use oxisim_wire::Instant;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Console, Filter, Group, Hour, Page, Problem, Profile, Throughput, Visitor,
    accounts::Change,
    masked, metrics as prometheus, openapi,
    pages::{
        self, Fields, accounts as account, audit as audit_log, messages as notes, policy, subscriber as one,
    },
};
use crate::{Enrolled, LogEntry, Msisdn, Summary};

pub(super) async fn description() -> Json<Value> {
    Json(openapi::description())
}

pub(super) async fn subscribers(
    State(console): State<Console>,
    visitor: Visitor,
    Query(fields): Query<Fields>,
) -> Result<Json<Value>, Problem> {
    let filter = match fields.get("state") {
        None => Filter::All,
        Some(name) => Filter::named(name).ok_or_else(|| Problem::unprocessable("there is no such state"))?,
    };
    let after = fields.get("after").map(|after| pages::id(after)).transpose()?;
    let Page { rows, next } =
        console.work(move |inner| inner.desk.subscribers(filter, after.as_ref())).await?;
    let rows = rows.iter().map(|row| {
        let books: Vec<_> = row.books.iter().map(summary).collect();
        json!({ "id": row.id.to_string(), "number": number(&visitor, &row.msisdn), "books": books })
    });
    Ok(Json(json!({ "subscribers": rows.collect::<Vec<_>>(), "next": next.map(|id| id.to_string()) })))
}

pub(super) async fn find(State(console): State<Console>, body: Bytes) -> Result<Json<Value>, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        number: String,
    }
    let Wanted { number } = read(&body)?;
    let id = pages::subscribers::found(&console, &number).await?;
    Ok(Json(json!({ "id": id.to_string() })))
}

pub(super) async fn subscriber(
    State(console): State<Console>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let dossier = one::dossier(&console, pages::id(&id)?).await?;
    Ok(Json(json!({
        "id": dossier.id.to_string(),
        "number": number(&visitor, &dossier.msisdn),
        "books": dossier.books.iter().map(summary).collect::<Vec<_>>(),
        "backups": dossier.sessions.iter().map(session).collect::<Vec<_>>(),
        "restore": dossier.restore.as_ref().map(restored),
        "orders": dossier.orders.iter().map(order).collect::<Vec<_>>(),
        "card": dossier.card.as_ref().map(|enrolled| card(&visitor, enrolled)),
    })))
}

pub(super) async fn forget(
    State(console): State<Console>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = pages::id(&id)?;
    let is_forgotten = console.work(move |inner| inner.desk.forget(&id)).await?;
    if is_forgotten { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

pub(super) async fn messages(
    State(console): State<Console>,
    Query(fields): Query<Fields>,
) -> Result<Json<Value>, Problem> {
    Ok(messages_json(&notes::notes(&console, None, pages::skip(&fields)).await?))
}

pub(super) async fn messages_of_one(
    State(console): State<Console>,
    Path(id): Path<String>,
    Query(fields): Query<Fields>,
) -> Result<Json<Value>, Problem> {
    let dossier = one::dossier(&console, pages::id(&id)?).await?;
    Ok(messages_json(&notes::notes(&console, Some(dossier.id), pages::skip(&fields)).await?))
}

fn messages_json(page: &Page<LogEntry, usize>) -> Json<Value> {
    let rows = page.rows.iter().map(|entry| {
        json!({
            "at": time(entry.at),
            "direction": notes::way(entry.direction),
            "summary": entry.summary,
            "octets": entry.octets,
        })
    });
    Json(json!({ "messages": rows.collect::<Vec<_>>(), "next": page.next }))
}

pub(super) async fn copy(
    State(console): State<Console>,
    Path((id, book)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let held = one::held(&console, pages::id(&id)?, pages::book(&book)?).await?;
    let contacts = held.book.iter().map(|(slot, record)| {
        let contact = record.contact();
        let numbers: Vec<_> = contact.numbers.iter().map(|number| &number.number).collect();
        json!({ "slot": slot, "name": contact.name, "numbers": numbers })
    });
    let contacts: Vec<_> = contacts.collect();
    Ok(Json(json!({ "generation": held.generation, "at": time(held.at), "contacts": contacts })))
}

pub(super) async fn vcard(state: State<Console>, path: Path<(String, String)>) -> Result<Response, Problem> {
    one::export(state, path).await
}

pub(super) async fn restore(
    State(console): State<Console>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (id, now) = (pages::id(&id)?, console.now());
    one::dossier(&console, id).await?;
    let is_begun = console.work(move |inner| inner.desk.restore(&id, now)).await?;
    Ok(Json(json!({ "begun": is_begun })))
}

pub(super) async fn throughput(State(console): State<Console>) -> Result<Json<Value>, Problem> {
    let now = console.now();
    let Throughput { hours, subscribers, open, complete, failed, is_partial } =
        console.work(move |inner| inner.desk.throughput(now)).await?;
    let hour =
        |hour: &Hour| json!({ "at": time(hour.at), "incoming": hour.incoming, "outgoing": hour.outgoing });
    let hours: Vec<_> = hours.iter().map(hour).collect();
    Ok(Json(json!({
        "hours": hours, "subscribers": subscribers, "open": open, "complete": complete, "failed": failed,
        "partial": is_partial,
    })))
}

pub(super) async fn groups(State(console): State<Console>) -> Result<Json<Value>, Problem> {
    let all = policy::groups(&console).await?;
    let all: Vec<_> = all.iter().map(|(name, group)| group_json(name, group)).collect();
    Ok(Json(json!({ "groups": all })))
}

pub(super) async fn group(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let group = policy::group(&console, name.clone()).await?;
    Ok(Json(group_json(&name, &group)))
}

fn group_json(name: &str, Group { prefixes, policy, in_force, applied }: &Group) -> Value {
    json!({
        "name": name,
        "prefixes": prefixes,
        "policy": policy,
        "in_force": in_force,
        "applied": applied.map(|at| time(Instant::from_secs(at))),
    })
}

pub(super) async fn put_group(
    State(console): State<Console>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        prefixes: Vec<String>,
        #[serde(default)]
        policy: super::Policy,
    }
    let Wanted { prefixes, policy: rules } = read(&body)?;
    let known = policy::group(&console, name.clone()).await.ok().unwrap_or_default();
    let group = Group { prefixes, policy: rules, ..known };
    policy::put(&console, name.clone(), group.clone()).await?;
    Ok(Json(group_json(&name, &group)))
}

pub(super) async fn delete_group(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    policy::remove(&console, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn apply_group(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let now = console.now();
    Ok(Json(json!({ "subscribers": policy::send(&console, name, now).await? })))
}

pub(super) async fn accounts(State(console): State<Console>) -> Result<Json<Value>, Problem> {
    let all = account::all(&console).await?;
    let all = all.iter().map(|Profile { name, role, is_suspended, since, .. }| {
        let since = time(Instant::from_secs(*since));
        json!({ "name": name, "role": role, "suspended": is_suspended, "since": since })
    });
    Ok(Json(json!({ "accounts": all.collect::<Vec<_>>() })))
}

pub(super) async fn create_account(
    State(console): State<Console>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        name: String,
        password: String,
        role: String,
    }
    let Wanted { name, password, role } = read(&body)?;
    account::make(&console, name, password, &role).await?;
    Ok(StatusCode::CREATED)
}

pub(super) async fn delete_account(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    account::change(&console, name, Change::Delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn audit(
    State(console): State<Console>,
    Query(fields): Query<Fields>,
) -> Result<Json<Value>, Problem> {
    let Page { rows, next } = audit_log::entries(&console, pages::skip(&fields)).await?;
    let rows = rows.iter().map(|entry| {
        json!({
            "at": time(Instant::from_secs(entry.at)),
            "account": entry.account,
            "from": entry.from,
            "act": entry.act,
            "subject": entry.subject,
        })
    });
    Ok(Json(json!({ "entries": rows.collect::<Vec<_>>(), "next": next })))
}

pub(super) async fn metrics(State(console): State<Console>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, prometheus::text(&console.0.vitals.metrics())).into_response()
}

pub(super) async fn health() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(console): State<Console>) -> Result<&'static str, Problem> {
    let ready = console.0.vitals.ready();
    ready.map(|()| "ready\n").map_err(|why| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why))
}

/// What a program has sent.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))
}

/// A point in time (RFC 3339).
fn time(at: Instant) -> String {
    CivilTime::from_instant(at, 0).to_string()
}

fn number(visitor: &Visitor, msisdn: &Msisdn) -> String {
    let number = msisdn.to_string();
    if visitor.is_operator() { number } else { masked(&number) }
}

fn summary(book: &Summary) -> Value {
    let Summary { source, copy, latest, alarms, .. } = book;
    json!({
        "book": pages::book_name(*source),
        "copy": copy.as_ref().map(|copy| {
            json!({ "generation": copy.generation, "at": time(copy.at), "contacts": copy.contacts })
        }),
        "latest": latest.as_ref().map(|latest| {
            json!({
                "generation": latest.generation,
                "state": pages::standing(latest.standing).1,
                "received": latest.received,
                "total": latest.total,
                "since": time(latest.since),
                "resume_at": latest.resume_at.map(time),
            })
        }),
        "alarms": alarms,
    })
}

fn session(session: &Session) -> Value {
    json!({
        "book": pages::book_name(session.backup.source),
        "generation": session.backup.generation,
        "state": pages::standing(session.standing).1,
        "received": session.received.len(),
        "total": session.received.total(),
        "missing": session.received.complement().ranges(),
        "since": time(session.since),
        "resume_at": session.resume_at.map(time),
        "asked": session.asked,
    })
}

fn restored(restore: &Restore) -> Value {
    json!({
        "generation": restore.generation,
        "state": one::restore_words(restore.step).1,
        "total": restore.todo.total(),
        "to_send": restore.todo.len(),
        "due": restore.due.map(time),
    })
}

fn order(order: &Order) -> Value {
    let kind = match order.command {
        Command::Configure(_) => "configure",
        Command::Start { .. } => "start",
    };
    json!({
        "book": pages::book_name(order.source),
        "kind": kind,
        "number": order.number,
        "said": order.said,
        "state": one::order_words(order),
    })
}

fn card(visitor: &Visitor, card: &Enrolled) -> Value {
    json!({
        "iccid": visitor.is_operator().then(|| card.iccid.digits()),
        "key_version": card.key_version.number(),
        "sent": card.sent,
        "received": card.window.highest,
        "refused": card.refused,
        "since": time(card.since),
    })
}
