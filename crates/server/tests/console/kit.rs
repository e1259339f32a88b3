//! A console over a server with two subscribers, and a visitor who asks it.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
};
use oxisim_backup::{
    Held, Policy, Session, Standing, Vault,
    message::{BackupId, Resumes, Source},
};
use oxisim_phonebook::{AlphaIdentifier, Book, Record};
use oxisim_server::{
    Account, Direction, LogEntry, Msisdn, Server, SqliteStore, Store,
    console::{
        Console, DeskError, Drawer, Drawers, Exposure, Kind, MemoryDrawers, Metric, Peer, Role, ServerDesk,
        ServerDrawers, Vitals,
    },
};
use oxisim_wire::Instant;
use tower::ServiceExt;

pub const PASSWORD: &str = "correct horse battery";
pub const START: u64 = 1_800_000_000;

/// Two subscribers: their numbers, and the name of the only contact of each.
pub const ALICE: (&str, &str) = ("+491511234567", "Zoe Alpha");
pub const BOB: (&str, &str) = ("+15550100002", "Yan Beta");

pub struct Bench {
    pub console: Console,
    pub drawers: Arc<FailingDrawers>,
    pub time: Arc<AtomicU64>,
    pub ready: Arc<AtomicBool>,
    pub server: Arc<Mutex<Server<SqliteStore>>>,
    router: Router,
}

/// Drawers whose audit log fails when it is told to.
pub struct FailingDrawers {
    inner: Box<dyn Drawers>,
    pub is_full: AtomicBool,
}

struct Service(Arc<AtomicBool>);

impl Vitals for Service {
    fn metrics(&self) -> Vec<Metric> {
        vec![Metric::single("oxisim_messages_total", "Messages that came.", Kind::Counter, 3.0)]
    }

    fn ready(&self) -> Result<(), String> {
        self.0.load(Ordering::Relaxed).then_some(()).ok_or("No bind stands.".into())
    }
}

impl Drawers for FailingDrawers {
    fn get(&self, drawer: Drawer, key: &str) -> Result<Option<Vec<u8>>, DeskError> {
        self.inner.get(drawer, key)
    }

    fn swap(
        &self,
        drawer: Drawer,
        key: &str,
        was: Option<&[u8]>,
        document: Option<&[u8]>,
    ) -> Result<bool, DeskError> {
        self.inner.swap(drawer, key, was, document)
    }

    fn all(&self, drawer: Drawer) -> Result<Vec<(String, Vec<u8>)>, DeskError> {
        self.inner.all(drawer)
    }

    fn note(&self, at: Instant, entry: &[u8]) -> Result<(), DeskError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(DeskError("the disk of /var/lib/oxisim is full".into()));
        }
        self.inner.note(at, entry)
    }

    fn notes(&self, skip: usize, limit: usize) -> Result<Vec<Vec<u8>>, DeskError> {
        self.inner.notes(skip, limit)
    }

    fn trim_notes(&self, before: Instant, limit: u32) -> Result<u64, DeskError> {
        self.inner.trim_notes(before, limit)
    }
}

/// A server with both subscribers.
pub fn server() -> Server<SqliteStore> {
    let mut store = SqliteStore::in_memory().unwrap();
    fill(&mut store);
    Server::new(store, Policy::default(), 1)
}

/// Keeps both subscribers in a store.
pub fn fill(store: &mut SqliteStore) {
    let now = Instant::from_secs(START);
    for (number, name) in [ALICE, BOB] {
        let msisdn: Msisdn = number.parse().unwrap();
        let alpha = AlphaIdentifier::fit(name, 14).alpha;
        let book: Book = [(1, Record { alpha, number: None, additional: Vec::new() })].into_iter().collect();
        store
            .subscriber(&msisdn, |account| {
                let mut received = oxisim_backup::BlockSet::full(9);
                received.remove(4);
                account.put_session(&Session {
                    backup: BackupId { source: Source::CARD, generation: 7 },
                    base_distance: 0,
                    received,
                    digest: None,
                    resumes: Resumes::UPLOADER,
                    delay: None,
                    resume_at: Some(Instant::from_secs(START + 600)),
                    asked: 0,
                    standing: Standing::Open,
                    since: now,
                })?;
                account.put_held(Source::CARD, &Held { generation: 6, at: now, book, table: None })?;
                let summary = format!("BLOCKS CARD 7: 8 of {}", number.len());
                account.log(&LogEntry { at: now, direction: Direction::In, summary, octets: 132 })
            })
            .unwrap();
    }
    store
        .enrol(
            &ALICE.0.parse().unwrap(),
            &"8900101000000000019".parse().unwrap(),
            oxisim_backup::security::KeyVersion::FIRST,
            now,
        )
        .unwrap();
}

impl Bench {
    /// With the accounts `ada`, an operator, and `max`, an auditor.
    pub fn new() -> Self {
        Self::exposed(&[("ada", Role::Operator), ("max", Role::Auditor)], Exposure::loopback(8080))
    }

    pub fn exposed(accounts: &[(&str, Role)], exposure: Exposure) -> Self {
        let drawers = MemoryDrawers::default();
        let now = Instant::from_secs(START);
        for (name, role) in accounts {
            Console::create_account(&drawers, name, PASSWORD, *role, now).unwrap();
        }
        Self::over(Arc::new(Mutex::new(server())), drawers, exposure)
    }

    /// A console of one of the servers that share a store, and what it keeps.
    pub fn sharing(store: SqliteStore) -> Self {
        let server = Arc::new(Mutex::new(Server::new(store, Policy::default(), 1)));
        Self::over(Arc::clone(&server), ServerDrawers::new(server), Exposure::loopback(8080))
    }

    fn over(server: Arc<Mutex<Server<SqliteStore>>>, drawers: impl Drawers, exposure: Exposure) -> Self {
        let drawers = Arc::new(FailingDrawers { inner: Box::new(drawers), is_full: AtomicBool::default() });
        let desk = Arc::new(ServerDesk::new(Arc::clone(&server), *b"the desk's key!!"));
        let (time, ready) = (Arc::new(AtomicU64::new(START)), Arc::new(AtomicBool::new(true)));
        let clock = Arc::clone(&time);
        let console = Console::new(
            desk,
            Arc::clone(&drawers) as _,
            Arc::new(Service(Arc::clone(&ready))),
            Arc::new(move || Instant::from_secs(clock.load(Ordering::Relaxed))),
            exposure,
        );
        let console = console.unwrap();
        Self { router: console.router(), console, drawers, time, ready, server }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Signs in; what the account's holder has from then on.
    pub async fn sign_in(&self, name: &str) -> Signed {
        let form = [("name", name), ("password", PASSWORD)];
        let answer = self.send(post("/login").form(&form)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let page = self.send(get("/account").cookie(&cookie).empty()).await.text;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        Signed { cookie, csrf }
    }

    /// The identifier of a subscriber.
    pub async fn id(&self, operator: &Signed, number: &str) -> String {
        let request = post("/subscribers/find").signed(operator).form(&[("number", number)]);
        let answer = self.send(request).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        answer.location().rsplit('/').next().unwrap().to_owned()
    }
}

/// Who has signed in.
pub struct Signed {
    pub cookie: String,
    pub csrf: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

/// A request in the making, from another machine.
pub struct Ask(axum::http::request::Builder);

pub fn get(path: &str) -> Ask {
    ask("GET", path)
}

pub fn post(path: &str) -> Ask {
    ask("POST", path)
}

pub fn ask(method: &str, path: &str) -> Ask {
    let builder = Request::builder().method(method).uri(path).header(header::HOST, "localhost:8080");
    Ask(builder).from("192.0.2.7:5000")
}

impl Ask {
    pub fn from(self, peer: &str) -> Self {
        let peer: SocketAddr = peer.parse().unwrap();
        Self(self.0.extension(ConnectInfo(Peer(peer))))
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    /// As the holder of an account asks, forms included.
    pub fn signed(self, signed: &Signed) -> Self {
        self.cookie(&signed.cookie).header("x-csrf-token", &signed.csrf)
    }

    pub fn empty(self) -> Request<Body> {
        self.0.body(Body::empty()).unwrap()
    }

    pub fn json(self, body: &str) -> Request<Body> {
        self.header("content-type", "application/json").0.body(Body::from(body.to_owned())).unwrap()
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Request<Body> {
        let escape = |text: &str| {
            text.bytes()
                .map(|octet| match octet {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(octet).to_string(),
                    _ => format!("%{octet:02X}"),
                })
                .collect::<String>()
        };
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let request = self.header("content-type", "application/x-www-form-urlencoded");
        request.0.body(Body::from(body.join("&"))).unwrap()
    }
}
