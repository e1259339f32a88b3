//! Groups of subscribers and their policies.

use axum::{
    Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use oxisim_backup::Mode;
use oxisim_wire::Instant;

use super::{
    Fields, button, careful, csrf, done,
    form::{Input, given},
    page, time, typed, wrong,
};
use crate::{
    Msisdn,
    console::{
        Console, Group, GroupError, ModeName, Policy, Problem, Visitor,
        groups::{Groups, LONGEST, group_of},
    },
};

/// Whose numbers.
const PREFIXES: Input<'static> = Input { label: "Numbers begin with", name: "prefixes", ..Input::EMPTY };

/// What can be set and left as it is.
const ROWS: [Input<'static>; 4] = [
    Input { label: "Blocks in a subset", name: "subset", range: Some((1, u16::MAX as u64)), ..OPTIONAL },
    Input { label: "Pause, in seconds", name: "pause", range: Some((1, LONGEST)), ..OPTIONAL },
    Input {
        label: "Longest backup at once, in seconds",
        name: "threshold",
        range: Some((0, LONGEST)),
        hint: Some("In mode auto a longer one goes in subsets."),
        ..OPTIONAL
    },
    Input {
        label: "Hours at which the server asks",
        name: "timetable",
        placeholder: Some("22:00-06:00, 12:00-13:00"),
        hint: Some("In UTC. Empty: at any hour."),
        ..OPTIONAL
    },
];

const OPTIONAL: Input<'static> = Input { is_optional: true, ..Input::EMPTY };

/// All groups, in the order of their names.
pub(in crate::console) async fn groups(console: &Console) -> Result<Vec<(String, Group)>, Problem> {
    console.work(|inner| Groups(&*inner.drawers).all()).await
}

/// One group.
pub(in crate::console) async fn group(console: &Console, name: String) -> Result<Group, Problem> {
    let found = console.work(move |inner| Groups(&*inner.drawers).get(&name)).await?;
    found.ok_or_else(Problem::not_found)
}

/// Keeps a group.
pub(in crate::console) async fn put(console: &Console, name: String, group: Group) -> Result<(), Problem> {
    console.work(move |inner| Groups(&*inner.drawers).put(&name, &group)).await
}

/// Deletes a group.
pub(in crate::console) async fn remove(console: &Console, name: String) -> Result<(), Problem> {
    let is_deleted = console.work(move |inner| Groups(&*inner.drawers).delete(&name)).await?;
    if is_deleted { Ok(()) } else { Err(Problem::not_found()) }
}

/// Puts a group's policy in force, and sends it to its subscribers; to how many.
pub(in crate::console) async fn send(console: &Console, name: String, now: Instant) -> Result<u64, Problem> {
    let sent = console.work(move |inner| -> Result<_, GroupError> {
        let groups = Groups(&*inner.drawers);
        let Some(policy) = groups.put_in_force(&name, now)? else { return Ok(None) };
        let all = groups.all()?;
        let is_member = |number: &Msisdn| group_of(&all, number) == Some(&*name);
        Ok(Some(inner.desk.apply(&is_member, &policy.rules(), now)?))
    });
    sent.await?.ok_or_else(Problem::not_found)
}

pub(in crate::console) async fn list(
    State(console): State<Console>,
    visitor: Visitor,
    Query(fields): Query<Fields>,
) -> Result<Markup, Problem> {
    listed(&console, &visitor, &fields, None).await
}

async fn listed(
    console: &Console,
    visitor: &Visitor,
    fields: &Fields,
    problem: Option<&Problem>,
) -> Result<Markup, Problem> {
    let groups = groups(console).await?;
    let body = html! {
        h1 { "Policy" }
        (done(fields, &[("delete", "The group is deleted. Its subscribers keep what was sent to them.")]))
        p { "A group is the subscribers whose numbers begin alike. What is not set is as each card has it." }
        @if groups.is_empty() {
            div.empty { p { "No groups: every backup is made as its card has it." } }
        } @else {
            table {
                thead { tr {
                    th { "Group" } th { "Numbers" } th { "Mode" } th.right { "Subset" } th.right { "Pause" }
                    th { "Hours" } th { "Sent" }
                } }
                tbody { @for (name, group) in &groups { (row(name, group)) } }
            }
        }
        @if visitor.is_operator() {
            section.panel {
                h2 { "New group" }
                (wrong(problem))
                form.line method="post" action="/policy" {
                    (csrf(visitor))
                    (Input { value: fields.get("name").map(String::as_str), ..given("Name", "name") })
                    (Input {
                        value: fields.get("prefixes").map(String::as_str),
                        placeholder: Some("+49151, +49152"),
                        ..PREFIXES
                    })
                    button.main { "Make the group" }
                }
            }
        }
    };
    Ok(page(visitor, "Policy", "/policy", &body))
}

fn row(name: &str, group: &Group) -> Markup {
    let Policy { mode, subset, pause, timetable, .. } = &group.policy;
    html! {
        tr {
            th scope="row" data-label="Group" { a href={ "/policy/" (name) } { (name) } }
            td.figures data-label="Numbers" { (prefixes(group)) }
            td data-label="Mode" { (mode.map_or("–", |ModeName(mode)| mode.word())) }
            td.right data-label="Subset" { @match subset { Some(subset) => (subset), None => "–" } }
            td.right data-label="Pause" { @match pause { Some(pause) => { (pause) " s" }, None => "–" } }
            td.figures data-label="Hours" { @if timetable.is_empty() { "any" } @else { (hours(&group.policy)) } }
            td data-label="Sent" {
                @match group.applied { Some(at) => (time(Instant::from_secs(at))), None => span.none { "never" } }
            }
        }
    }
}

fn prefixes(group: &Group) -> String {
    group.prefixes.iter().map(|prefix| format!("+{prefix}")).collect::<Vec<_>>().join(", ")
}

fn hours(policy: &Policy) -> String {
    policy.timetable.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(in crate::console) async fn create(
    State(console): State<Console>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let name = typed(&fields, "name").trim().to_owned();
    let group = Group { prefixes: read_prefixes(&fields), ..Group::default() };
    let wanted = name.clone();
    let is_taken = console.work(move |inner| Groups(&*inner.drawers).get(&wanted)).await?.is_some();
    let made = if is_taken {
        Err(Problem::unprocessable("there is a group with this name"))
    } else {
        put(&console, name.clone(), group).await
    };
    match made {
        Ok(()) => Ok(Redirect::to(&format!("/policy/{name}")).into_response()),
        Err(problem) => {
            let body = listed(&console, &visitor, &fields, Some(&problem)).await?;
            Ok((problem.status, body).into_response())
        }
    }
}

pub(in crate::console) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(fields): Query<Fields>,
) -> Result<Markup, Problem> {
    let group = group(&console, name.clone()).await?;
    let sent = fields.get("count").and_then(|count| count.parse::<u64>().ok());
    Ok(form(
        &visitor,
        &name,
        &group,
        &filled(&group),
        sent,
        &done(&fields, &[("save", "Kept. Its numbers count at once, the rest when it is sent.")]),
    ))
}

fn form(
    visitor: &Visitor,
    name: &str,
    group: &Group,
    fields: &Fields,
    sent: Option<u64>,
    message: &Markup,
) -> Markup {
    let field = |name: &str| typed(fields, name);
    let row = |input: Input<'static>| Input { value: Some(typed(fields, input.name)), ..input };
    let is_fixed = !visitor.is_operator();
    let body = html! {
        p.crumbs { a href="/policy" { "Policy" } }
        h1 { (name) }
        @if let Some(count) = sent { p.notice.good role="status" { "Sent to " (count) " subscribers." } }
        (message)
        form.fields method="post" action={ "/policy/" (name) } {
            (csrf(visitor))
            fieldset disabled[is_fixed] {
                (row(PREFIXES))
                label { "Mode"
                    select name="mode" {
                        option value="" selected[field("mode").is_empty()] { "as the card has it" }
                        @for (_, mode, words) in Mode::NAMED {
                            option value=(mode) selected[field("mode") == mode] { (mode) ": " (words) }
                        }
                    }
                }
                @for input in ROWS { (row(input)) }
                @if !is_fixed { button.main { "Keep" } }
            }
        }
        @if !is_fixed {
            section.panel {
                h2 { "Send" }
                p { "What is kept is in force when it is sent. From then on it also reaches whoever joins the group, with \
                     the next message. "
                    @match group.applied {
                        Some(at) => { "It was last sent at " (time(Instant::from_secs(at))) "." },
                        None => "It was never sent.",
                    }
                }
                @if group.in_force.as_ref().is_some_and(|in_force| *in_force != group.policy) {
                    p.notice { "What is in force differs from what is kept: send it, or set it back." }
                }
                div.actions {
                    (button(visitor, &format!("/policy/{name}/apply"), "main", "Send to the subscribers"))
                    (careful(visitor, &format!("/policy/{name}/delete"), "Delete the group"))
                }
            }
        }
    };
    page(visitor, name, "/policy", &body)
}

/// A group's fields as the form has them.
fn filled(group: &Group) -> Fields {
    let Policy { mode, subset, pause, threshold, .. } = &group.policy;
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let fields = [
        ("prefixes", prefixes(group)),
        ("mode", mode.map_or("", |ModeName(mode)| mode.word()).to_owned()),
        ("subset", number(subset.map(u64::from))),
        ("pause", number(*pause)),
        ("threshold", number(*threshold)),
        ("timetable", hours(&group.policy)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(in crate::console) async fn save(
    State(console): State<Console>,
    visitor: Visitor,
    Path(name): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let known = group(&console, name.clone()).await?;
    let kept = match read(&fields) {
        Ok(policy) => {
            let group = Group { prefixes: read_prefixes(&fields), policy, ..known.clone() };
            put(&console, name.clone(), group).await
        }
        Err(error) => Err(error.into()),
    };
    match kept {
        Ok(()) => Ok(Redirect::to(&format!("/policy/{name}?done=save")).into_response()),
        Err(problem) => {
            let body = form(&visitor, &name, &known, &fields, None, &wrong(Some(&problem)));
            Ok((problem.status, body).into_response())
        }
    }
}

fn read_prefixes(fields: &Fields) -> Vec<String> {
    let words = typed(fields, "prefixes").split([',', ' ', ';']).filter(|word| !word.is_empty());
    words.map(|word| word.strip_prefix('+').unwrap_or(word).to_owned()).collect()
}

fn read(fields: &Fields) -> Result<Policy, GroupError> {
    let field = |name: &str| fields.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let number = |name: &str, what: &'static str| -> Result<Option<u64>, GroupError> {
        let parse = |text: &str| text.parse().map_err(|_| GroupError::Number { what, text: text.into() });
        field(name).map(parse).transpose()
    };
    let subset = number("subset", "a subset")?.map(u16::try_from).transpose();
    let many = u64::from(u16::MAX);
    let timetable = field("timetable").unwrap_or_default();
    let timetable = timetable.split(',').map(str::trim).filter(|hours| !hours.is_empty()).map(str::parse);
    Ok(Policy {
        mode: field("mode").map(str::parse).transpose()?,
        subset: subset.map_err(|_| GroupError::Range { what: "a subset", least: 1, most: many })?,
        pause: number("pause", "a pause")?,
        threshold: number("threshold", "a threshold")?,
        timetable: timetable.collect::<Result<_, _>>()?,
    })
}

pub(in crate::console) async fn apply(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<Redirect, Problem> {
    let now = console.now();
    let count = send(&console, name.clone(), now).await?;
    Ok(Redirect::to(&format!("/policy/{name}?count={count}")))
}

pub(in crate::console) async fn delete(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<Redirect, Problem> {
    remove(&console, name).await?;
    Ok(Redirect::to("/policy?done=delete"))
}
