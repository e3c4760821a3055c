use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use kernel::Timestamp;

use crate::problem::Problem;
use crate::tokens::Caller;

/// What the layer found out about the bearer token.
#[derive(Clone, Copy)]
pub(super) enum SignIn {
    Missing,
    Bad,
    Ended,
    Valid(Caller),
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = req.extensions().get::<SignIn>().copied().unwrap_or(SignIn::Missing);
        ready(match found {
            SignIn::Valid(caller) => Ok(caller),
            SignIn::Missing => Err(Problem::of("auth.missing_token")),
            SignIn::Bad => Err(Problem::of("auth.bad_token")),
            SignIn::Ended => Err(Problem::of("auth.session_ended")),
        })
    }
}

impl Caller {
    /// Who sends this, on calls that also serve those who aren't signed in. A token that is there must be good.
    pub(crate) fn of_optional(req: &HttpRequest) -> Result<Option<Self>, Problem> {
        match req.extensions().get::<SignIn>() {
            None | Some(SignIn::Missing) => Ok(None),
            Some(_) => Self::extract(req).into_inner().map(Some),
        }
    }
}

/// When the request arrived, before anything was read or decided.
#[derive(Clone, Copy)]
pub(crate) struct ArrivedAt(pub(crate) Timestamp);

impl FromRequest for ArrivedAt {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(req.extensions().get::<Self>().copied().ok_or_else(|| Problem::of("internal")))
    }
}
