//! Before every answer: who asks, whether they may, whether the request is theirs, and the note about it.

use std::{convert::Infallible, net::IpAddr};

use axum::{
    Form,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, FromRequest, FromRequestParts, RawPathParams, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::{
    Console, Peer, Problem, Profile, Role, SubscriberId,
    accounts::Session,
    is_loopback, pages,
    routes::{Route, Who},
};

/// The longest body of a request.
const BODY: usize = 64 * 1024;

/// Where a program puts the session's token, if it has no form.
const CSRF_HEADER: &str = "x-csrf-token";

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// The account; none if nobody has signed in.
    pub account: Option<Profile>,
    /// From where, if it is known.
    pub from: Option<IpAddr>,
    /// What the session's forms carry; empty without a session.
    pub csrf: String,
}

impl Visitor {
    /// Whether numbers and contacts are shown.
    pub fn is_operator(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.role == Role::Operator)
    }

    /// The account's name.
    pub fn name(&self) -> &str {
        self.account.as_ref().map_or("", |account| &account.name)
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    /// Without a gate before it a handler serves nobody.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let nobody = Self { account: None, from: None, csrf: String::new() };
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(nobody))
    }
}

/// Lets a request through to the handler of a route, or not.
pub(super) async fn gate(
    State((console, route)): State<(Console, &'static Route)>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let is_page = route.is_page();
    let (mut parts, body) = request.into_parts();
    let mut visitor = Visitor {
        account: None,
        from: parts.extensions.get::<ConnectInfo<Peer>>().map(|peer| peer.0.0.ip().to_canonical()),
        csrf: String::new(),
    };
    let subject: Vec<_> = params.iter().map(|(name, value)| subject(name, value)).collect();
    let admitted = admit(&console, route, &mut visitor, &parts, body).await;
    let admitted = match (admitted, route.act) {
        (Ok(body), Some(act)) => note(&console, &visitor, act.into(), &subject).await.map(|()| body),
        (Err(problem), Some(act)) if problem.status == StatusCode::FORBIDDEN => {
            note(&console, &visitor, format!("refused: {act}"), &subject).await.and(Err(problem))
        }
        (admitted, _) => admitted,
    };
    let mut response = match admitted {
        Ok(body) => {
            parts.extensions.insert(visitor.clone());
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED && is_page => {
            let to = if console.setup_code().is_some() { "/setup" } else { "/login" };
            Redirect::to(to).into_response()
        }
        Err(problem) => problem.into_response(),
    };
    let known = response.extensions_mut().remove::<Problem>();
    let is_bare = known.is_none() && is_plain(&response);
    if is_bare {
        let status = response.status();
        response = Problem::new(status, "The request cannot be read.").into_response();
    }
    let problem = if is_bare { response.extensions_mut().remove::<Problem>() } else { known };
    if let Some(problem) = problem.filter(|_| is_page) {
        response = (problem.status, pages::problem(&visitor, &problem)).into_response();
    }
    response
}

/// A part of an address as it is noted. Where an identifier should be, somebody may have written a number.
fn subject(name: &str, value: &str) -> String {
    let is_strange = name == "id" && value.parse::<SubscriberId>().is_err();
    if is_strange { "(no identifier)".into() } else { value.into() }
}

/// Whether it is an error that nobody has put into words for the visitor.
fn is_plain(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    is_error && kind.is_none_or(|kind| kind.starts_with("text/plain"))
}

async fn note(console: &Console, visitor: &Visitor, act: String, subject: &[String]) -> Result<(), Problem> {
    // What a visitor has made up is not kept at length.
    let subject = subject.join(" ").chars().take(80).collect::<String>();
    console.note(visitor, act, Some(subject).filter(|subject| !subject.is_empty())).await
}

async fn admit(
    console: &Console,
    route: &'static Route,
    visitor: &mut Visitor,
    parts: &Parts,
    body: Body,
) -> Result<Body, Problem> {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host =
        host.or_else(|| parts.uri.authority().map(axum::http::uri::Authority::as_str)).unwrap_or_default();
    if !console.0.exposure.answers_to(host) {
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "The console is not known by this name."));
    }
    let session = identify(console, visitor, &parts.headers).await?;
    let is_admitted = match route.who {
        Who::Anyone => true,
        Who::Local if visitor.from.is_some_and(is_loopback) => true,
        Who::Local | Who::Auditor => visitor.account.is_some(),
        Who::Operator => visitor.is_operator(),
    };
    if !is_admitted && visitor.account.is_none() {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "Sign in first, or send a token."));
    }
    if !is_admitted {
        return Err(Problem::new(StatusCode::FORBIDDEN, "Only an operator may do this."));
    }
    if [Method::GET, Method::HEAD].contains(&parts.method) {
        return Ok(Body::empty());
    }
    if !is_same_origin(&parts.headers, host) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "The request comes from another site."));
    }
    let octets = to_bytes(body, BODY).await;
    let octets =
        octets.map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The request is too long."))?;
    if let Some(session) = session
        && route.who != Who::Anyone
        && !carries(parts, octets.clone(), &session.csrf).await
    {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "The form has expired. Go back, load the page anew, and send it again.",
        ));
    }
    Ok(octets.into())
}

/// Finds out whose token or session it is.
async fn identify(
    console: &Console,
    visitor: &mut Visitor,
    headers: &HeaderMap,
) -> Result<Option<Session>, Problem> {
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        let token = authorization.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        if let Some(token) = token {
            visitor.account = console.work(move |inner| inner.accounts().bearer(&token)).await?;
        }
        return Ok(None);
    }
    let Some(secret) = cookie(headers, console.cookie_name()) else { return Ok(None) };
    let now = console.now();
    let found = console.work(move |inner| inner.accounts().session(&secret, now)).await?;
    Ok(found.map(|(account, session)| {
        visitor.account = Some(account);
        visitor.csrf.clone_from(&session.csrf);
        session
    }))
}

/// Whether a request that changes something carries the session's token.
async fn carries(parts: &Parts, body: Bytes, csrf: &str) -> bool {
    #[derive(Deserialize)]
    struct Carried {
        csrf: String,
    }
    let is_own = |token: &[u8]| token.ct_eq(csrf.as_bytes()).into();
    if let Some(token) = parts.headers.get(CSRF_HEADER) {
        return is_own(token.as_bytes());
    }
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = Method::POST;
    if let Some(kind) = parts.headers.get(header::CONTENT_TYPE) {
        request.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    let form = Form::<Carried>::from_request(request, &()).await;
    form.is_ok_and(|Form(carried)| is_own(carried.csrf.as_bytes()))
}

/// Whether a browser says that the request comes from one of the console's pages. A program that is no browser says
/// nothing of the kind, and has no session that a site could abuse.
fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site")
        && site != "same-origin"
        && site != "none"
    {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default();
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

/// The value of a cookie.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

impl Console {
    /// With TLS a name that browsers take from this host alone, and for all of it (RFC 6265bis §4.1.3.2).
    pub(super) fn cookie_name(&self) -> &'static str {
        if self.0.exposure.has_tls { "__Host-oxisim" } else { "oxisim" }
    }

    /// A cookie for the session's secret; an empty one ends it.
    pub(super) fn cookie(&self, secret: &str) -> String {
        let name = self.cookie_name();
        let secure = if self.0.exposure.has_tls { "; Secure" } else { "" };
        let age = if secret.is_empty() { "; Max-Age=0" } else { "" };
        format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}{age}")
    }
}

/// What a browser is told with every answer: to run no script, to load nothing from elsewhere, to keep nothing.
pub(super) async fn guard_browser(State(console): State<Console>, request: Request, next: Next) -> Response {
    const HEADERS: &[(&str, &str)] = &[
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
             base-uri 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        // Without a referrer browsers send `Origin: null` with the console's own forms.
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if console.0.exposure.has_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
