//! Signing in and out.

use std::sync::PoisonError;

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use subtle::ConstantTimeEq;

use super::{
    Fields,
    form::{Input, new_password, password},
    page, typed, wrong,
};
use crate::console::{Console, Problem, Visitor, attempts::Who, audit, gate::cookie};

pub(in crate::console) async fn form(State(console): State<Console>, visitor: Visitor) -> Response {
    if console.setup_code().is_some() {
        return Redirect::to("/setup").into_response();
    }
    sign_in_form(&visitor, "", None).into_response()
}

/// The name of who signs in.
const fn holder(name: &str) -> Input<'_> {
    Input { label: "Name", name: "name", value: Some(name), autocomplete: Some("username"), ..Input::EMPTY }
}

fn sign_in_form(visitor: &Visitor, name: &str, problem: Option<&Problem>) -> Markup {
    let body = html! {
        div.narrow {
            h1 { "Sign in" }
            (wrong(problem))
            form method="post" action="/login" {
                (Input { is_first: name.is_empty(), ..holder(name) })
                (Input { is_first: !name.is_empty(), ..password("Password", "password") })
                button.main { "Sign in" }
            }
        }
    };
    page(visitor, "Sign in", "", &body)
}

pub(in crate::console) async fn sign_in(
    State(console): State<Console>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Response {
    let field = |name: &str| typed(&fields, name).to_owned();
    let name = field("name");
    match enter(&console, &visitor, &name, field("password")).await {
        Ok(response) => response,
        Err(problem) => {
            let nobody = Visitor { account: None, csrf: String::new(), ..visitor };
            (problem.status, sign_in_form(&nobody, &name, Some(&problem))).into_response()
        }
    }
}

async fn enter(
    console: &Console,
    visitor: &Visitor,
    name: &str,
    password: String,
) -> Result<Response, Problem> {
    let now = console.now();
    let mut whose = vec![Who::Name(name.chars().take(64).collect())];
    whose.extend(visitor.from.map(Who::Address));
    let attempts = || console.0.attempts.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = attempts().begin(&whose, now);
    if let Err(wait) = begun {
        // Whoever goes on all the same must not fill the audit log.
        log::warn!("console: an attempt to sign in is refused: there were too many");
        let seconds = wait.as_secs_ceil();
        let detail = format!("Too many attempts. Try again in {seconds} seconds.");
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
    }
    let wanted = name.to_owned();
    let checked = console.hash(move |inner| inner.accounts().check(&wanted, &password)).await;
    if let Err(problem) = &checked {
        let act = if problem.status.is_server_error() { "sign in: failed" } else { "sign in: wrong" };
        note(console, visitor, act, name).await?;
    }
    let account = checked?;
    attempts().succeeded(&whose);
    let holder = Visitor { account: Some(account.clone()), ..visitor.clone() };
    console.note(&holder, "sign in".into(), None).await?;
    let secret = console
        .work(move |inner| {
            audit::trim(&*inner.drawers, now)?;
            inner.accounts().sign_in(&account.name, now)
        })
        .await?;
    Ok(([(header::SET_COOKIE, console.cookie(&secret))], Redirect::to("/subscribers")).into_response())
}

async fn note(console: &Console, visitor: &Visitor, act: &str, name: &str) -> Result<(), Problem> {
    // A password that was typed into the wrong field is not kept: only a name that could be one.
    let is_name = crate::console::accounts::is_name(name);
    console.note(visitor, act.into(), is_name.then(|| name.to_owned())).await
}

pub(in crate::console) async fn sign_out(
    State(console): State<Console>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(secret) = cookie(&headers, console.cookie_name()) {
        console.work(move |inner| inner.accounts().sign_out(&secret)).await?;
    }
    Ok(([(header::SET_COOKIE, console.cookie(""))], Redirect::to("/login")).into_response())
}

pub(in crate::console) async fn setup(
    State(console): State<Console>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let accounts = console.work(|inner| inner.accounts().all()).await?;
    if !accounts.is_empty() {
        // Another server's console may have made the first one.
        console.0.setup_code.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
    if console.setup_code().is_none() {
        return Ok(Redirect::to("/login").into_response());
    }
    Ok(setup_form(&visitor, "", None).into_response())
}

fn setup_form(visitor: &Visitor, name: &str, problem: Option<&Problem>) -> Markup {
    let body = html! {
        div.narrow {
            h1 { "The first account" }
            p { "Nobody has an account yet. The server has printed a code when it started: it makes you its first \
                 operator." }
            (wrong(problem))
            form method="post" action="/setup" {
                (Input { label: "Code", name: "code", autocomplete: Some("off"), is_first: true, ..Input::EMPTY })
                (holder(name))
                (new_password("Password", "password"))
                button.main { "Make the account" }
            }
        }
    };
    page(visitor, "The first account", "", &body)
}

pub(in crate::console) async fn set_up(
    State(console): State<Console>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Response {
    let field = |name: &str| typed(&fields, name).to_owned();
    let name = field("name");
    match found(&console, &visitor, &field("code"), name.clone(), field("password")).await {
        Ok(()) => match enter(&console, &visitor, &name, field("password")).await {
            Ok(response) => response,
            Err(_) => Redirect::to("/login").into_response(),
        },
        Err(problem) => (problem.status, setup_form(&visitor, &name, Some(&problem))).into_response(),
    }
}

async fn found(
    console: &Console,
    visitor: &Visitor,
    code: &str,
    name: String,
    password: String,
) -> Result<(), Problem> {
    // Whoever has the code first takes it, so that two at once make one account.
    let known = {
        let mut code_place = console.0.setup_code.lock().unwrap_or_else(PoisonError::into_inner);
        let is_right = code_place
            .as_ref()
            .is_some_and(|known| bool::from(known.as_bytes().ct_eq(code.trim().as_bytes())));
        if !is_right {
            return Err(Problem::unprocessable("the code is another one"));
        }
        code_place.take()
    };
    let (now, made_for) = (console.now(), name.clone());
    let made = console.hash(move |inner| inner.accounts().create_first(&name, &password, now)).await;
    if made.is_ok() {
        note(console, visitor, "make the first account", &made_for).await?;
    } else {
        *console.0.setup_code.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
    made
}
