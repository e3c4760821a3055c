use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

/// The schemas of a document, by name.
#[derive(Default)]
pub(super) struct Book {
    pub(super) schemas: Map<String, Value>,
}

/// A struct without members, as it goes.
fn written<T: serde::Serialize>(schema: &T) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

impl Book {
    /// A reference to a type's schema, which is taken up with all that it refers to.
    pub(super) fn of<T: ToSchema>(&mut self) -> Value {
        let name = T::name().into_owned();
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        if !self.schemas.contains_key(&name) {
            self.schemas.insert(name, written(&T::schema()));
            self.follow::<T>();
        }
        reference
    }

    fn follow<T: ToSchema>(&mut self) {
        let mut others = Vec::new();
        T::schemas(&mut others);
        for (name, schema) in others {
            self.schemas.entry(name).or_insert_with(|| written(&schema));
        }
    }

    /// An object whose one member is this.
    pub(super) fn member<T: ToSchema>(&mut self, name: &str) -> Value {
        let of = self.of::<T>();
        json!({ "type": "object", "required": [name], "properties": { name: of } })
    }

    /// A type's members, and an id beside them.
    pub(super) fn with_id<T: ToSchema>(&mut self, id: &str) -> Value {
        self.follow::<T>();
        let mut schema = written(&<T as PartialSchema>::schema());
        schema["properties"][id] = json!({ "type": "string", "format": "uuid" });
        match schema["required"].as_array_mut() {
            Some(required) => required.insert(0, json!(id)),
            None => schema["required"] = json!([id]),
        }
        schema
    }

    /// An object whose one member is an id.
    pub(super) fn id(name: &str) -> Value {
        json!({
            "type": "object",
            "required": [name],
            "properties": { name: { "type": "string", "format": "uuid" } },
            "additionalProperties": false,
        })
    }
}
