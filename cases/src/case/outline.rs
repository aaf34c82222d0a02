//! A `case.toml` held against the schema: every field that is unknown, missing or of the wrong kind, with its line.
//!
//! serde stops at the first mistake. Here the text is walked along the JSON schema of [`Case`]; what is wrong is noted and
//! replaced by something of the right kind, so that the walk and then the check of the content can go on.

use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

use super::{
    Case,
    check::{self, Fault, Finding},
};
use crate::error;

/// Everything that is wrong with a text that is no [`Case`], in the order of the lines.
pub(super) fn faults(text: &str) -> Vec<Fault> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What follows a broken line cannot be told apart from what it broke.
        return errors.iter().map(|error| no_toml(text, error)).collect();
    }
    let schema = Case::json_schema();
    let mut walk = Walk { root: &schema, found: Vec::new() };
    let mended = walk.table(&schema, table.get_ref(), "");
    let mut found = walk.found;
    match serde_json::from_value::<Case>(mended) {
        Ok(case) => {
            let own = found.len();
            for finding in check::findings(&case) {
                // What stands in for a mistake is not to be blamed for what it is.
                let known = |other: &Finding| check::within(&finding.path, &other.path);
                if !found[..own].iter().any(known) {
                    found.push(finding);
                }
            }
        }
        Err(error) if found.is_empty() => found.push(Finding {
            path: String::new(),
            reason: error.to_string(),
            remedy: "compare it with a case that comes with the program".to_owned(),
        }),
        Err(_) => {}
    }
    check::in_lines(found, text, table.get_ref())
}

fn no_toml(text: &str, error: &toml::de::Error) -> Fault {
    Fault {
        line: error.span().map_or(1, |span| error::line(text, span.start)),
        field: "TOML".to_owned(),
        reason: error.message().lines().collect::<Vec<_>>().join(", "),
        remedy: "mend the punctuation of this line or the one before".to_owned(),
    }
}

/// The walk along the schema.
struct Walk<'s> {
    root: &'s Value,
    found: Vec<Finding>,
}

impl<'s> Walk<'s> {
    fn note(&mut self, path: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        let path = path.to_owned();
        self.found.push(Finding { path, reason: reason.into(), remedy: remedy.into() });
    }

    /// The schema behind references and "or null".
    fn plain(&self, schema: &'s Value) -> &'s Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
            return self.plain(&self.root["$defs"][name]);
        }
        let other_than_null = |all: &'s Vec<Value>| all.iter().find(|one| one["type"] != "null");
        match schema["anyOf"].as_array().and_then(other_than_null) {
            Some(inner) => self.plain(inner),
            None => schema,
        }
    }

    fn table(&mut self, schema: &'s Value, table: &DeTable, path: &str) -> Value {
        let schema = self.plain(schema);
        let Some(schema) = self.variant(schema, table, path) else { return self.stand_in(schema) };
        let mut mended = Map::new();
        let known = schema["properties"].as_object();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let here = join(path, name);
            let field = known.and_then(|known| known.get(name));
            let any = Some(&schema["additionalProperties"]).filter(|any| any.is_object());
            match field.or(any) {
                Some(field) => {
                    let value = self.value(field, value.get_ref(), &here);
                    mended.insert(name.to_owned(), value);
                }
                None => {
                    let names: Vec<&str> =
                        known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                    let remedy = match check::nearest(name, names.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("remove it; there are {}", names.join(", ")),
                    };
                    self.note(&here, "is no field here", remedy);
                }
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            let Some(field) = known.and_then(|known| known.get(name)) else { continue };
            if !mended.contains_key(name) {
                let meaning = field["description"]
                    .as_str()
                    .or_else(|| self.plain(field)["description"].as_str())
                    .unwrap_or("see AUTHORING.md");
                let meaning = meaning.lines().next().unwrap_or_default().to_owned();
                self.note(&join(path, name), "is missing", format!("add it: {meaning}"));
                mended.insert(name.to_owned(), self.stand_in(field));
            }
        }
        Value::Object(mended)
    }

    /// The schema of the `kind` that a table says it is, where it can be of several; none for one that there is not.
    fn variant(&mut self, schema: &'s Value, table: &DeTable, path: &str) -> Option<&'s Value> {
        let Some(kinds) = schema["oneOf"].as_array().filter(|kinds| kind_of(&kinds[0]).is_some())
        else {
            return Some(schema);
        };
        let written = table.get("kind").and_then(|kind| kind.get_ref().as_str());
        let found = kinds.iter().find(|one| kind_of(one) == written);
        if found.is_none() {
            let known: Vec<&str> = kinds.iter().filter_map(kind_of).collect();
            let reason = match written {
                Some(written) => format!("is “{written}”, which is no choice here"),
                None => "is missing".to_owned(),
            };
            self.note(&join(path, "kind"), reason, format!("write one of {}", known.join(", ")));
        }
        found
    }

    fn value(&mut self, schema: &'s Value, value: &DeValue, path: &str) -> Value {
        let schema = self.plain(schema);
        let choices = choices(schema);
        let mended = match (kind(schema), value) {
            (_, DeValue::Table(table)) if schema["oneOf"].is_array() && choices.is_empty() => {
                return self.table(schema, table, path);
            }
            _ if !choices.is_empty() => {
                let written = value.as_str().unwrap_or_default();
                if choices.contains(&written) {
                    return json!(written);
                }
                let remedy = format!("write one of {}", choices.join(", "));
                self.note(path, format!("is “{written}”, which is no choice here"), remedy);
                return json!(choices[0]);
            }
            ("object", DeValue::Table(table)) => return self.table(schema, table, path),
            ("array", DeValue::Array(items)) => return self.list(schema, items, path),
            ("string", DeValue::String(text)) => return json!(text),
            ("boolean", DeValue::Boolean(yes)) => return json!(yes),
            ("integer", DeValue::Integer(number)) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| json!(n))
            }
            ("number", DeValue::Integer(number)) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| json!(n as f64))
            }
            ("number", DeValue::Float(number)) => {
                number.as_str().replace('_', "").parse::<f64>().ok().map(|n| json!(n))
            }
            _ => None,
        };
        let Some(mended) = mended else {
            let is = format!("is {}", spoken(value));
            self.note(path, is, format!("write {}", wanted(kind(schema))));
            return self.stand_in(schema);
        };
        let number = mended.as_f64().unwrap_or_default();
        let low = schema["minimum"].as_f64().unwrap_or(f64::NEG_INFINITY);
        let high = schema["maximum"].as_f64().unwrap_or(f64::INFINITY);
        if number < low || number > high {
            let remedy = match (low.is_finite(), high.is_finite()) {
                (true, true) => format!("write {low} to {high}"),
                (true, false) => format!("write {low} or more"),
                _ => format!("write {high} or less"),
            };
            self.note(path, format!("is {number}"), remedy);
            return self.stand_in(schema);
        }
        mended
    }

    fn list(&mut self, schema: &'s Value, items: &[toml::Spanned<DeValue>], path: &str) -> Value {
        let bound = |name: &str| schema[name].as_u64().map(|n| n as usize);
        let (least, most) = (bound("minItems"), bound("maxItems"));
        if least.is_some_and(|n| items.len() < n) || most.is_some_and(|n| items.len() > n) {
            let remedy = match (least, most) {
                (Some(least), Some(most)) if least == most => format!("write {least}"),
                _ => "write as many as AUTHORING.md says".to_owned(),
            };
            self.note(path, format!("has {} entries", items.len()), remedy);
            return self.stand_in(schema);
        }
        let each = items.iter().enumerate();
        let item = &schema["items"];
        each.map(|(i, one)| self.value(item, one.get_ref(), &join(path, &i.to_string()))).collect()
    }

    /// Something of the right kind, in place of what is wrong.
    fn stand_in(&self, schema: &'s Value) -> Value {
        let schema = self.plain(schema);
        if let Some(first) = choices(schema).first() {
            return json!(first);
        }
        if let Some(first) = schema["oneOf"].get(0) {
            return self.stand_in(first);
        }
        if let Some(word) = schema["const"].as_str() {
            return json!(word);
        }
        match kind(schema) {
            "object" => {
                let required = schema["required"].as_array().into_iter().flatten();
                let fields = required.filter_map(Value::as_str);
                fields
                    .map(|name| (name.to_owned(), self.stand_in(&schema["properties"][name])))
                    .collect()
            }
            "array" => {
                let count = schema["minItems"].as_u64().unwrap_or(0) as usize;
                vec![self.stand_in(&schema["items"]); count].into()
            }
            "integer" => json!(schema["minimum"].as_i64().unwrap_or(0)),
            "number" => json!(0.0),
            "boolean" => json!(false),
            _ => json!(""),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The word of `kind` that a variant has, if the schema is one.
fn kind_of(variant: &Value) -> Option<&str> {
    variant["properties"]["kind"]["const"].as_str()
}

/// The type of a schema, "or null" left out.
fn kind(schema: &Value) -> &str {
    let several = schema["type"].as_array().into_iter().flatten();
    let of_several = several.filter_map(Value::as_str).find(|kind| *kind != "null");
    schema["type"].as_str().or(of_several).unwrap_or_default()
}

/// The words that a field may be, if it is a choice.
fn choices(schema: &Value) -> Vec<&str> {
    let plain = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let described = schema["oneOf"].as_array().into_iter().flatten();
    let described = described.flat_map(|one| {
        let several = one["enum"].as_array().into_iter().flatten();
        one["const"].as_str().into_iter().chain(several.filter_map(Value::as_str))
    });
    plain.chain(described).collect()
}

fn spoken(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn wanted(kind: &str) -> &'static str {
    match kind {
        "string" => "a text in quotes",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list in square brackets",
        _ => "a table, such as { en = \"…\", de = \"…\" }",
    }
}
