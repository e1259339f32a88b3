//! What cannot be answered, for programs (RFC 9457) and for people.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{accounts::AccountError, desk::DeskError, groups::GroupError};
use crate::{Error, StoreError};

/// Why a request is not answered as it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub status: StatusCode,
    /// What is wrong, in a sentence.
    pub detail: String,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// There is no such thing, or it is another's: which of the two is not told.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing here.")
    }

    #[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
    pub fn unprocessable(detail: impl ToString) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, sentence(&detail.to_string()))
    }

    pub fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server is stopping.")
    }

    /// The server's own fault: the log says what it was, the visitor is not told.
    pub fn internal(why: &str) -> Self {
        log::error!("console: {why}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The server has failed. Its log says why.")
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        let cause = error.0.downcast_ref::<Error>();
        let cause = if let Some(Error::Store(cause)) = cause { Some(cause) } else { error.0.downcast_ref() };
        match cause {
            Some(StoreError::NotMine(_) | StoreError::Fenced(_)) => {
                Self::new(StatusCode::CONFLICT, "Another server works for this subscriber. Ask its console.")
            }
            Some(StoreError::Conflict | StoreError::OldKey) => {
                Self::new(StatusCode::CONFLICT, "Somebody has changed the same meanwhile. Try again.")
            }
            _ => Self::internal(&error.to_string()),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Desk(error) => error.into(),
            AccountError::Random => Self::internal(&error.to_string()),
            AccountError::Taken | AccountError::LastOperator => {
                Self::new(StatusCode::CONFLICT, sentence(&error.to_string()))
            }
            _ => Self::unprocessable(error),
        }
    }
}

impl From<GroupError> for Problem {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Desk(error) => error.into(),
            _ => Self::unprocessable(error),
        }
    }
}

/// As a program reads it; the gate makes a page of it where people look.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = (self.status, body.to_string()).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response.extensions_mut().insert(self);
        response
    }
}
