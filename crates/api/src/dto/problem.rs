use serde::Serialize;
use utoipa::ToSchema;

/// Problem details (RFC 9457). The schema only: `problem/` renders the value.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemDto {
    /// Address of the problem's kind.
    r#type: String,
    /// The kind in a few words.
    title: String,
    /// HTTP status.
    status: u16,
    /// What to do about it, in a sentence.
    detail: String,
    /// The request id.
    instance: String,
    /// Stable code; docs/problem-codes.md lists them.
    code: String,
    /// For validation: which fields.
    errors: Option<Vec<FieldProblemDto>>,
}

/// One invalid field.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldProblemDto {
    /// JSON pointer into the body (RFC 6901).
    pointer: String,
    /// Stable code.
    code: String,
    /// What would be right.
    detail: String,
}
