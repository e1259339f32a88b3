//! Everything that can be asked.

use axum::{
    Router,
    http::StatusCode,
    middleware,
    routing::{MethodFilter, on},
};

use super::{Console, Problem, api, gate, pages};

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody: nothing of subscribers is told.
    Anyone,
    /// Anybody on this machine, and accounts from elsewhere: figures without personal data.
    Local,
    /// Any account.
    Auditor,
    /// An operator's account.
    Operator,
}

/// Something that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method of HTTP.
    pub method: &'static str,
    /// The path; `{…}` stands for a part that varies.
    pub path: &'static str,
    /// Who may ask.
    pub who: Who,
    /// What the audit log says; none: it is not noted.
    pub act: Option<&'static str>,
    /// What it does, in the description of the interface.
    pub summary: &'static str,
}

impl Route {
    /// Whether people look at the answer.
    #[must_use]
    pub fn is_page(&self) -> bool {
        !self.is_api() && !matches!(self.path, "/metrics" | "/health" | "/ready")
    }

    /// Whether it belongs to the interface for programs.
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.path.starts_with("/api/")
    }
}

macro_rules! routes {
    ($($method:ident $path:literal $who:ident $act:expr, $handler:path, $summary:literal;)*) => {
        /// Everything that can be asked.
        pub const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            who: Who::$who,
            act: $act,
            summary: $summary,
        }),*];

        pub(super) fn router(console: &Console) -> Router {
            let mut router = Router::new();
            let mut routes = ROUTES.iter();
            $({
                let gated = routes.next().map(|route| {
                    let gate = middleware::from_fn_with_state((console.clone(), route), gate::gate);
                    on(MethodFilter::$method, $handler).layer(gate)
                });
                if let Some(gated) = gated {
                    router = router.route($path, gated);
                }
            })*
            router
                .fallback(pages::nowhere)
                .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "There is no such method here."))
                .with_state(console.clone())
                .layer(middleware::from_fn_with_state(console.clone(), gate::guard_browser))
        }
    };
}

routes! {
    GET "/" Auditor None, pages::home, "Leads to the subscribers.";
    GET "/console.css" Anyone None, pages::style, "How the pages look.";
    GET "/icon.svg" Anyone None, pages::icon, "The console's picture.";
    GET "/setup" Anyone None, pages::sign_in::setup, "A form for the first account.";
    POST "/setup" Anyone None, pages::sign_in::set_up, "Makes the first account.";
    GET "/login" Anyone None, pages::sign_in::form, "A form to sign in.";
    POST "/login" Anyone None, pages::sign_in::sign_in, "Signs in.";
    POST "/logout" Auditor Some("sign out"), pages::sign_in::sign_out, "Signs out.";
    GET "/subscribers" Auditor Some("list subscribers"), pages::subscribers::list, "A page of subscribers.";
    POST "/subscribers/find" Operator Some("search a subscriber"), pages::subscribers::find,
        "Finds a subscriber by number.";
    GET "/subscribers/{id}" Auditor Some("see a subscriber"), pages::subscriber::show, "One subscriber.";
    GET "/subscribers/{id}/messages" Auditor Some("see a subscriber's messages"), pages::messages::of_one,
        "Notes about one subscriber's messages.";
    GET "/subscribers/{id}/copies/{book}" Operator Some("see contacts"), pages::subscriber::copy,
        "The contacts of a copy.";
    GET "/subscribers/{id}/copies/{book}/contacts.vcf" Operator Some("export contacts"),
        pages::subscriber::export, "A copy as vCard.";
    POST "/subscribers/{id}/restore" Operator Some("restore"), pages::subscriber::restore,
        "Writes the copy back onto the card.";
    GET "/subscribers/{id}/forget" Operator None, pages::subscriber::ask_forget, "Asks whether to forget.";
    POST "/subscribers/{id}/forget" Operator Some("forget"), pages::subscriber::forget,
        "Deletes everything of a subscriber.";
    GET "/messages" Auditor Some("see messages"), pages::messages::all, "Notes about messages.";
    GET "/throughput" Auditor None, pages::throughput::show, "What went through the server.";
    GET "/policy" Auditor None, pages::policy::list, "The groups and their policies.";
    POST "/policy" Operator Some("make a group"), pages::policy::create, "Makes a group.";
    GET "/policy/{group}" Auditor None, pages::policy::show, "One group.";
    POST "/policy/{group}" Operator Some("set a policy"), pages::policy::save, "Sets a group's policy.";
    POST "/policy/{group}/apply" Operator Some("send a policy"), pages::policy::apply,
        "Sends a group's policy to its subscribers.";
    POST "/policy/{group}/delete" Operator Some("delete a group"), pages::policy::delete, "Deletes a group.";
    GET "/accounts" Operator Some("see accounts"), pages::accounts::list, "The accounts.";
    POST "/accounts" Operator Some("make an account"), pages::accounts::create, "Makes an account.";
    POST "/accounts/{name}/suspend" Operator Some("suspend an account"), pages::accounts::suspend,
        "Lets nobody sign in with an account.";
    POST "/accounts/{name}/resume" Operator Some("resume an account"), pages::accounts::resume,
        "Lets an account be used again.";
    POST "/accounts/{name}/delete" Operator Some("delete an account"), pages::accounts::delete,
        "Deletes an account.";
    GET "/account" Auditor None, pages::accounts::own, "One's own account.";
    POST "/account/password" Auditor Some("change the password"), pages::accounts::set_password,
        "Changes one's own password.";
    POST "/account/tokens" Auditor Some("make a token"), pages::accounts::create_token,
        "Makes a token for a program.";
    POST "/account/tokens/{token}/delete" Auditor Some("delete a token"), pages::accounts::delete_token,
        "Ends a token.";
    GET "/audit" Auditor Some("see the audit log"), pages::audit::list, "Who saw what, and did what.";

    GET "/api/v1/openapi.json" Anyone None, api::description, "This description.";
    GET "/api/v1/subscribers" Auditor Some("list subscribers"), api::subscribers, "A page of subscribers.";
    POST "/api/v1/subscribers/find" Operator Some("search a subscriber"), api::find,
        "The identifier of the subscriber with a number.";
    GET "/api/v1/subscribers/{id}" Auditor Some("see a subscriber"), api::subscriber, "One subscriber.";
    DELETE "/api/v1/subscribers/{id}" Operator Some("forget"), api::forget,
        "Deletes everything of a subscriber.";
    GET "/api/v1/subscribers/{id}/messages" Auditor Some("see a subscriber's messages"),
        api::messages_of_one, "Notes about one subscriber's messages.";
    GET "/api/v1/subscribers/{id}/copies/{book}" Operator Some("see contacts"), api::copy,
        "The contacts of a copy.";
    GET "/api/v1/subscribers/{id}/copies/{book}/vcard" Operator Some("export contacts"), api::vcard,
        "A copy as vCard.";
    POST "/api/v1/subscribers/{id}/restore" Operator Some("restore"), api::restore,
        "Writes the copy back onto the card.";
    GET "/api/v1/messages" Auditor Some("see messages"), api::messages, "Notes about messages.";
    GET "/api/v1/throughput" Auditor None, api::throughput, "What went through the server.";
    GET "/api/v1/groups" Auditor None, api::groups, "The groups and their policies.";
    GET "/api/v1/groups/{group}" Auditor None, api::group, "One group.";
    PUT "/api/v1/groups/{group}" Operator Some("set a policy"), api::put_group, "Sets a group's policy.";
    DELETE "/api/v1/groups/{group}" Operator Some("delete a group"), api::delete_group, "Deletes a group.";
    POST "/api/v1/groups/{group}/apply" Operator Some("send a policy"), api::apply_group,
        "Sends a group's policy to its subscribers.";
    GET "/api/v1/accounts" Operator Some("see accounts"), api::accounts, "The accounts.";
    POST "/api/v1/accounts" Operator Some("make an account"), api::create_account, "Makes an account.";
    DELETE "/api/v1/accounts/{name}" Operator Some("delete an account"), api::delete_account,
        "Deletes an account.";
    GET "/api/v1/audit" Auditor Some("see the audit log"), api::audit, "Who saw what, and did what.";

    GET "/metrics" Local None, api::metrics, "Figures for Prometheus.";
    GET "/health" Anyone None, api::health, "Whether the program runs.";
    GET "/ready" Anyone None, api::ready, "Whether the server can work.";
}
