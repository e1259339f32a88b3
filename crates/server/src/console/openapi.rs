//! The description of the interface (`OpenAPI` 3.1), from the list of routes.

use serde_json::{Map, Value, json};

use super::routes::{ROUTES, Route, Who};

/// Method and path, schema of the request, status, schema of the answer.
type Body = (&'static str, &'static str, Option<&'static str>, u16, Option<&'static str>);

/// What each request carries, and what comes back.
const BODIES: &[Body] = &[
    ("GET", "/api/v1/openapi.json", None, 200, Some("Any")),
    ("GET", "/api/v1/subscribers", None, 200, Some("Subscribers")),
    ("POST", "/api/v1/subscribers/find", Some("Find"), 200, Some("Found")),
    ("GET", "/api/v1/subscribers/{id}", None, 200, Some("Subscriber")),
    ("DELETE", "/api/v1/subscribers/{id}", None, 204, None),
    ("GET", "/api/v1/subscribers/{id}/messages", None, 200, Some("Messages")),
    ("GET", "/api/v1/subscribers/{id}/copies/{book}", None, 200, Some("Copy")),
    ("GET", "/api/v1/subscribers/{id}/copies/{book}/vcard", None, 200, None),
    ("POST", "/api/v1/subscribers/{id}/restore", None, 200, Some("Restored")),
    ("GET", "/api/v1/messages", None, 200, Some("Messages")),
    ("GET", "/api/v1/throughput", None, 200, Some("Throughput")),
    ("GET", "/api/v1/groups", None, 200, Some("Groups")),
    ("GET", "/api/v1/groups/{group}", None, 200, Some("Group")),
    ("PUT", "/api/v1/groups/{group}", Some("NewGroup"), 200, Some("Group")),
    ("DELETE", "/api/v1/groups/{group}", None, 204, None),
    ("POST", "/api/v1/groups/{group}/apply", None, 200, Some("Applied")),
    ("GET", "/api/v1/accounts", None, 200, Some("Accounts")),
    ("POST", "/api/v1/accounts", Some("NewAccount"), 201, None),
    ("DELETE", "/api/v1/accounts/{name}", None, 204, None),
    ("GET", "/api/v1/audit", None, 200, Some("Audit")),
    ("GET", "/metrics", None, 200, None),
    ("GET", "/health", None, 200, None),
    ("GET", "/ready", None, 200, None),
];

/// Fields of the schemas: a name, its type, and whether it is always there. `[]` stands for a list, `?` for null.
const SCHEMAS: &[(&str, &[(&str, &str)])] = &[
    ("Any", &[]),
    ("Subscribers", &[("subscribers", "[]Row"), ("next", "?string")]),
    ("Row", &[("id", "string"), ("number", "string"), ("books", "[]Book")]),
    ("Book", &[("book", "string"), ("copy", "?CopySummary"), ("latest", "?Progress"), ("alarms", "integer")]),
    ("CopySummary", &[("generation", "integer"), ("at", "time"), ("contacts", "integer")]),
    (
        "Progress",
        &[
            ("generation", "integer"),
            ("state", "string"),
            ("received", "integer"),
            ("total", "integer"),
            ("since", "time"),
            ("resume_at", "?time"),
        ],
    ),
    ("Find", &[("number", "string")]),
    ("Found", &[("id", "string")]),
    (
        "Subscriber",
        &[
            ("id", "string"),
            ("number", "string"),
            ("books", "[]Book"),
            ("backups", "[]Backup"),
            ("restore", "?Restore"),
            ("orders", "[]Order"),
            ("card", "?Card"),
        ],
    ),
    (
        "Backup",
        &[
            ("book", "string"),
            ("generation", "integer"),
            ("state", "string"),
            ("received", "integer"),
            ("total", "integer"),
            ("missing", "[][]integer"),
            ("since", "time"),
            ("resume_at", "?time"),
            ("asked", "integer"),
        ],
    ),
    (
        "Restore",
        &[
            ("generation", "integer"),
            ("state", "string"),
            ("total", "integer"),
            ("to_send", "integer"),
            ("due", "?time"),
        ],
    ),
    (
        "Order",
        &[
            ("book", "string"),
            ("kind", "string"),
            ("number", "integer"),
            ("said", "integer"),
            ("state", "string"),
        ],
    ),
    (
        "Card",
        &[
            ("iccid", "?string"),
            ("key_version", "integer"),
            ("sent", "integer"),
            ("received", "integer"),
            ("refused", "integer"),
            ("since", "time"),
        ],
    ),
    ("Messages", &[("messages", "[]Message"), ("next", "?integer")]),
    ("Message", &[("at", "time"), ("direction", "string"), ("summary", "string"), ("octets", "integer")]),
    ("Copy", &[("generation", "integer"), ("at", "time"), ("contacts", "[]Contact")]),
    ("Contact", &[("slot", "integer"), ("name", "string"), ("numbers", "[]string")]),
    ("Restored", &[("begun", "boolean")]),
    (
        "Throughput",
        &[
            ("hours", "[]Hour"),
            ("subscribers", "integer"),
            ("open", "integer"),
            ("complete", "integer"),
            ("failed", "integer"),
            ("partial", "boolean"),
        ],
    ),
    ("Hour", &[("at", "time"), ("incoming", "integer"), ("outgoing", "integer")]),
    ("Groups", &[("groups", "[]Group")]),
    (
        "Group",
        &[
            ("name", "string"),
            ("prefixes", "[]string"),
            ("policy", "Policy"),
            ("in_force", "?Policy"),
            ("applied", "?time"),
        ],
    ),
    ("NewGroup", &[("prefixes", "[]string"), ("policy", "Policy")]),
    (
        "Policy",
        &[
            ("mode", "?string"),
            ("subset", "?integer"),
            ("pause", "?integer"),
            ("threshold", "?integer"),
            ("timetable", "[]string"),
        ],
    ),
    ("Applied", &[("subscribers", "integer")]),
    ("Accounts", &[("accounts", "[]Account")]),
    ("Account", &[("name", "string"), ("role", "string"), ("suspended", "boolean"), ("since", "time")]),
    ("NewAccount", &[("name", "string"), ("password", "string"), ("role", "string")]),
    ("Audit", &[("entries", "[]Entry"), ("next", "?integer")]),
    (
        "Entry",
        &[
            ("at", "time"),
            ("account", "?string"),
            ("from", "?string"),
            ("act", "string"),
            ("subject", "?string"),
        ],
    ),
    ("Problem", &[("type", "string"), ("title", "string"), ("status", "integer"), ("detail", "string")]),
];

/// What can be left out of what a program sends.
const OPTIONAL: &[&str] = &["Policy", "NewGroup"];

/// Queries of routes.
const QUERIES: &[(&str, &[&str])] = &[
    ("/api/v1/subscribers", &["state", "after"]),
    ("/api/v1/messages", &["skip"]),
    ("/api/v1/subscribers/{id}/messages", &["skip"]),
    ("/api/v1/audit", &["skip"]),
];

/// The whole description.
pub(super) fn description() -> Value {
    let mut paths = Map::new();
    for route in ROUTES.iter().filter(|route| !route.is_page()) {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation(route);
    }
    let schemas: Map<_, _> =
        SCHEMAS.iter().map(|(name, fields)| ((*name).into(), object(name, fields))).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "oxisim backup server",
            "version": "1",
            "description": "What an operator can see and do. A program sends a token of an account, or the cookie of a \
                            session and, with what changes something, its token in X-CSRF-Token. Auditors see numbers \
                            masked.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "oxisim" },
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let body = BODIES.iter().find(|(method, path, ..)| *method == route.method && *path == route.path);
    let (_, _, request, status, answer) = body.copied().unwrap_or(("", "", None, 200, None));
    let parts = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<_> = parts
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let queries = QUERIES.iter().find(|(path, _)| *path == route.path).map_or(&[][..], |(_, names)| names);
    parameters.extend(
        queries.iter().map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } })),
    );
    let mut good = json!({ "description": "It is so." });
    if let Some(name) = answer {
        good["content"] = content("application/json", name);
    } else if route.path.ends_with("/vcard") {
        good["content"] = json!({ "text/vcard": { "schema": { "type": "string" } } });
    }
    let mut operation = json!({
        "summary": route.summary,
        "parameters": parameters,
        "responses": {
            status.to_string(): good,
            "default": { "description": "It is not so.", "content": content("application/problem+json", "Problem") },
        },
    });
    if let Some(name) = request {
        operation["requestBody"] = json!({ "required": true, "content": content("application/json", name) });
    }
    operation["security"] = match route.who {
        Who::Anyone => json!([]),
        Who::Local => json!([{}, { "token": [] }, { "session": [] }]),
        Who::Auditor | Who::Operator => json!([{ "token": [] }, { "session": [] }]),
    };
    if route.who == Who::Operator {
        operation["description"] = "Operators only.".into();
    }
    operation
}

fn content(kind: &str, schema: &str) -> Value {
    json!({ kind: { "schema": reference(schema) } })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn object(name: &str, fields: &[(&str, &str)]) -> Value {
    let properties: Map<_, _> = fields.iter().map(|(field, of)| ((*field).into(), of_type(of))).collect();
    let required: Vec<_> = fields.iter().map(|(field, _)| *field).collect();
    let required = if OPTIONAL.contains(&name) { Vec::new() } else { required };
    json!({ "type": "object", "properties": properties, "required": required })
}

fn of_type(of: &str) -> Value {
    if let Some(one) = of.strip_prefix("[]") {
        return json!({ "type": "array", "items": of_type(one) });
    }
    if let Some(one) = of.strip_prefix('?') {
        return json!({ "anyOf": [of_type(one), { "type": "null" }] });
    }
    match of {
        "string" | "integer" | "boolean" => json!({ "type": of }),
        "time" => json!({ "type": "string", "format": "date-time" }),
        schema => reference(schema),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_route_for_programs_has_its_bodies_described() {
        let routes: BTreeSet<_> =
            ROUTES.iter().filter(|route| !route.is_page()).map(|route| (route.method, route.path)).collect();
        let described: BTreeSet<_> = BODIES.iter().map(|(method, path, ..)| (*method, *path)).collect();
        assert_eq!(routes, described);
        let description = description();
        for (method, path) in routes {
            assert!(description["paths"][path][method.to_ascii_lowercase()].is_object(), "{method} {path}");
        }
    }

    #[test]
    fn each_schema_that_is_named_is_there() {
        let text = description().to_string();
        for piece in text.split("#/components/schemas/").skip(1) {
            let name = piece.split('"').next().unwrap_or_default();
            assert!(SCHEMAS.iter().any(|(known, _)| *known == name), "{name}");
        }
        for (name, _) in SCHEMAS {
            assert!(text.contains(&format!("schemas/{name}\"")), "{name} is not used");
        }
    }
}
