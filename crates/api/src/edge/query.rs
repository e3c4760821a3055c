use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use kernel::{Cursor, FieldError, PageLimit};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The query string. Unknown parameters and wrong types are refused.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = req.query_string();
        if query.to_ascii_lowercase().contains("%00") {
            return ready(Err(Problem::of("request.control_character")));
        }
        let parsed = actix_web::web::Query::<T>::from_query(query);
        ready(parsed.map(|query| Self(query.into_inner())).map_err(|_| {
            let detail = "a parameter is unknown or of the wrong type; /api/docs lists what this call takes";
            Problem::invalid(vec![FieldError::new("", "query", detail)])
        }))
    }
}

/// The two parameters of every list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PageQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

impl PageQuery {
    /// Both, checked.
    pub(crate) fn checked(
        limit: Option<String>,
        cursor: Option<String>,
    ) -> Result<(PageLimit, Option<Cursor>), Problem> {
        Self { limit, cursor }.parts()
    }

    /// The limit, 20 unless given, and the cursor.
    pub(crate) fn parts(self) -> Result<(PageLimit, Option<Cursor>), Problem> {
        let limit = match self.limit {
            None => PageLimit::default(),
            Some(text) => text.parse().ok().and_then(PageLimit::new).ok_or_else(|| {
                Problem::invalid(vec![FieldError::new("/limit", "range", "the limit is a number from 1 to 100")])
            })?,
        };
        Ok((limit, self.cursor.map(Cursor)))
    }
}
