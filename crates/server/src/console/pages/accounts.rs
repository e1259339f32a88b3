//! Accounts, and one's own.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use oxisim_wire::Instant;

use super::{
    Fields, button, careful, csrf, done,
    form::{given, new_password, password},
    page, time, typed, wrong,
};
use crate::console::{Console, Problem, Profile, Role, Visitor, accounts::Change};

/// The sentences for what has just been done.
const DONE: &[(&str, &str)] = &[
    ("create", "The account is made."),
    ("suspend", "Nobody can sign in with the account now."),
    ("resume", "The account can be used again."),
    ("delete", "The account is deleted."),
    ("token", "The token works no longer."),
];

/// All accounts.
pub(in crate::console) async fn all(console: &Console) -> Result<Vec<Profile>, Problem> {
    console.work(|inner| inner.accounts().all()).await
}

/// Makes an account.
pub(in crate::console) async fn make(
    console: &Console,
    name: String,
    password: String,
    role: &str,
) -> Result<(), Problem> {
    let role = [Role::Auditor, Role::Operator].into_iter().find(|known| known.name() == role);
    let role = role.ok_or_else(|| Problem::unprocessable("a role is auditor or operator"))?;
    let now = console.now();
    console.hash(move |inner| inner.accounts().create(&name, &password, role, now)).await
}

/// Changes an account; of one that there is not, nothing is told.
pub(in crate::console) async fn change(
    console: &Console,
    name: String,
    change: Change,
) -> Result<(), Problem> {
    let wanted = name.clone();
    let is_known = console.work(move |inner| inner.accounts().get(&wanted)).await?.is_some();
    if !is_known {
        return Err(Problem::not_found());
    }
    console.work(move |inner| inner.accounts().change(&name, change)).await
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
    let accounts = all(console).await?;
    let body = html! {
        h1 { "Accounts" }
        (done(fields, DONE))
        (wrong(problem))
        table {
            thead { tr { th { "Name" } th { "Role" } th { "Since" } th { "" } } }
            tbody {
                @for Profile { name, role, since, is_suspended, .. } in &accounts {
                    tr {
                        th scope="row" data-label="Name" { (name) }
                        td data-label="Role" {
                            (role.name())
                            @if *is_suspended { " " span.badge.bad { "suspended" } }
                        }
                        td data-label="Since" { (time(Instant::from_secs(*since))) }
                        td { div.actions {
                            @if name != visitor.name() {
                                @if *is_suspended {
                                    (button(visitor, &format!("/accounts/{name}/resume"), "", "Resume"))
                                } @else {
                                    (button(visitor, &format!("/accounts/{name}/suspend"), "", "Suspend"))
                                }
                                (careful(visitor, &format!("/accounts/{name}/delete"), "Delete"))
                            } @else { span.none { "your own" } }
                        } }
                    }
                }
            }
        }
        section.panel {
            h2 { "New account" }
            form.line method="post" action="/accounts" {
                (csrf(visitor))
                (given("Name", "name"))
                label { "Role"
                    select name="role" {
                        option value="auditor" { "auditor: logs and figures" }
                        option value="operator" { "operator: everything" }
                    }
                }
                (new_password("Password", "password"))
                button.main { "Make the account" }
            }
        }
    };
    Ok(page(visitor, "Accounts", "/accounts", &body))
}

pub(in crate::console) async fn create(
    State(console): State<Console>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let field = |name: &str| typed(&fields, name).to_owned();
    match make(&console, field("name"), field("password"), typed(&fields, "role")).await {
        Ok(()) => Ok(Redirect::to("/accounts?done=create").into_response()),
        Err(problem) => {
            let body = listed(&console, &visitor, &Fields::new(), Some(&problem)).await?;
            Ok((problem.status, body).into_response())
        }
    }
}

async fn changed(console: &Console, name: String, how: Change, word: &str) -> Result<Redirect, Problem> {
    change(console, name, how).await?;
    Ok(Redirect::to(&format!("/accounts?done={word}")))
}

pub(in crate::console) async fn suspend(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<Redirect, Problem> {
    changed(&console, name, Change::Suspend, "suspend").await
}

pub(in crate::console) async fn resume(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<Redirect, Problem> {
    changed(&console, name, Change::Resume, "resume").await
}

pub(in crate::console) async fn delete(
    State(console): State<Console>,
    Path(name): Path<String>,
) -> Result<Redirect, Problem> {
    changed(&console, name, Change::Delete, "delete").await
}

pub(in crate::console) async fn own(
    State(console): State<Console>,
    visitor: Visitor,
    Query(fields): Query<Fields>,
) -> Result<Markup, Problem> {
    mine(&console, &visitor, None, &done(&fields, DONE)).await
}

async fn mine(
    console: &Console,
    visitor: &Visitor,
    secret: Option<&str>,
    message: &Markup,
) -> Result<Markup, Problem> {
    let name = visitor.name().to_owned();
    let tokens = console.work(move |inner| inner.accounts().tokens(&name)).await?;
    let role = visitor.account.as_ref().map_or("", |account| account.role.name());
    let body = html! {
        h1 { (visitor.name()) }
        p { "Role: " (role) }
        (message)
        @if let Some(secret) = secret {
            div.notice.good role="status" {
                p { "The new token. It is shown this once:" }
                p { code.secret { (secret) } }
            }
        }
        section.panel {
            h2 { "Tokens of programs" }
            p { "A program sends one as " code { "Authorization: Bearer …" } " and may do what you may." }
            @if tokens.is_empty() {
                div.empty { p { "No tokens." } }
            } @else {
                table {
                    thead { tr { th { "For" } th { "Since" } th { "" } } }
                    tbody {
                        @for (key, token) in &tokens {
                            tr {
                                th scope="row" data-label="For" { (token.label) }
                                td data-label="Since" { (time(Instant::from_secs(token.since))) }
                                td { div.actions {
                                    (careful(visitor, &format!("/account/tokens/{key}/delete"), "End"))
                                } }
                            }
                        }
                    }
                }
            }
            form.line method="post" action="/account/tokens" {
                (csrf(visitor))
                (given("For which program", "label"))
                button { "Make a token" }
            }
        }
        section.panel {
            h2 { "Password" }
            form.line method="post" action="/account/password" {
                (csrf(visitor))
                input type="hidden" name="username" value=(visitor.name()) autocomplete="username";
                (password("Old password", "old"))
                (new_password("New password", "new"))
                button { "Change" }
            }
        }
    };
    Ok(page(visitor, "Account", "/account", &body))
}

pub(in crate::console) async fn set_password(
    State(console): State<Console>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let field = |name: &str| typed(&fields, name).to_owned();
    let (name, old, new, now) = (visitor.name().to_owned(), field("old"), field("new"), console.now());
    let changed = console
        .hash(move |inner| {
            let accounts = inner.accounts();
            accounts.check(&name, &old)?;
            accounts.set_password(&name, &new)?;
            accounts.sign_in(&name, now)
        })
        .await;
    match changed {
        Ok(secret) => {
            let cookie = [(header::SET_COOKIE, console.cookie(&secret))];
            Ok((cookie, Redirect::to("/account")).into_response())
        }
        Err(problem) => {
            let body = mine(&console, &visitor, None, &wrong(Some(&problem))).await?;
            Ok((problem.status, body).into_response())
        }
    }
}

pub(in crate::console) async fn create_token(
    State(console): State<Console>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let label = typed(&fields, "label").trim().to_owned();
    let (name, now) = (visitor.name().to_owned(), console.now());
    match console.work(move |inner| inner.accounts().create_token(&name, &label, now)).await {
        Ok(secret) => {
            let body = mine(&console, &visitor, Some(&secret), &html! {}).await?;
            Ok((StatusCode::CREATED, body).into_response())
        }
        Err(problem) => {
            let body = mine(&console, &visitor, None, &wrong(Some(&problem))).await?;
            Ok((problem.status, body).into_response())
        }
    }
}

pub(in crate::console) async fn delete_token(
    State(console): State<Console>,
    visitor: Visitor,
    Path(key): Path<String>,
) -> Result<Redirect, Problem> {
    let name = visitor.name().to_owned();
    let is_ended = console.work(move |inner| inner.accounts().delete_token(&name, &key)).await?;
    if is_ended { Ok(Redirect::to("/account?done=token")) } else { Err(Problem::not_found()) }
}
