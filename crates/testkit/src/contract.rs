//! The realtime contract as it is committed, for checking what a server really says. It knows the part of JSON Schema
//! that the document uses, and is stricter: fields that the document doesn't name are faults.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

static DOCUMENT: LazyLock<Option<Value>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/asyncapi.json");
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
});

/// What is wrong with a message by the contract; `asked` is the type of the request whose reply it is. Nothing, if it is
/// as promised.
///
/// # Panics
/// Without `docs/asyncapi.json` in the clone.
#[must_use]
pub fn faults(message: &Value, asked: Option<&str>) -> Vec<String> {
    let document = DOCUMENT.as_ref().expect("docs/asyncapi.json is there");
    let name = match (asked, message["type"].as_str()) {
        (Some(asked), _) => format!("{asked}.reply"),
        (None, Some("ping")) => "heartbeat".to_owned(),
        (None, Some(kind)) => kind.to_owned(),
        (None, None) => return vec!["it has no type".to_owned()],
    };
    let Some(known) = document["components"]["messages"].get(&name) else {
        return vec![format!("{name} isn't in the document")];
    };
    let mut faults = Vec::new();
    check(document, &known["payload"], message, "", &mut faults);
    faults
}

/// Whether there is a request of this type.
///
/// # Panics
/// As [`faults`].
#[must_use]
pub fn knows(kind: &str) -> bool {
    let document = DOCUMENT.as_ref().expect("docs/asyncapi.json is there");
    document["components"]["messages"].get(format!("{kind}.reply")).is_some()
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#'))) {
        Some(target) => resolved(document, target),
        None => schema,
    }
}

/// The fields that a schema names, wherever they stand in it; `None`: any.
fn fields<'a>(document: &'a Value, schema: &'a Value, into: &mut BTreeSet<&'a str>) -> bool {
    let schema = resolved(document, schema);
    let mut any = schema.get("additionalProperties").is_some_and(|more| more != &Value::Bool(false));
    if let Some(properties) = schema["properties"].as_object() {
        into.extend(properties.keys().map(String::as_str));
    } else if schema.get("allOf").is_none() && schema.get("additionalProperties").is_none() {
        any = true;
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        any |= fields(document, part, into);
    }
    any
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let schema = resolved(document, schema);
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind, value)) {
        return faults.push(format!("{at}: {value} is no {}", kinds.join(" or ")));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return faults.push(format!("{at}: {value} isn't {}", schema["const"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return faults.push(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check_open(document, part, value, at, faults);
    }
    for several in ["oneOf", "anyOf"].iter().filter_map(|name| schema[name].as_array()) {
        let tries: Vec<Vec<String>> = several
            .iter()
            .map(|part| {
                let mut own = Vec::new();
                check(document, part, value, at, &mut own);
                own
            })
            .collect();
        if !tries.iter().any(Vec::is_empty) {
            faults.extend(tries.into_iter().min_by_key(Vec::len).unwrap_or_default());
        }
    }
    check_open(document, schema, value, at, faults);
    let mut known = BTreeSet::new();
    let any = fields(document, schema, &mut known);
    if let (Some(members), false) = (value.as_object(), any) {
        let unknown = members.keys().filter(|name| !known.contains(name.as_str()));
        faults.extend(unknown.map(|name| format!("{at}/{name} isn't in the document")));
    }
}

/// What is said of fields and items, without minding others.
fn check_open(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let schema = resolved(document, schema);
    if let Some(members) = value.as_object() {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        faults
            .extend(required.filter(|name| !members.contains_key(*name)).map(|name| format!("{at}/{name} is missing")));
        for (name, member) in members {
            let own = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
            if let Some(own) = own.filter(|own| own.is_object()) {
                check(document, own, member, &format!("{at}/{name}"), faults);
            }
        }
    }
    if let (Some(items), Some(own)) = (value.as_array(), schema.get("items")) {
        for (nth, item) in items.iter().enumerate() {
            check(document, own, item, &format!("{at}/{nth}"), faults);
        }
    }
}
