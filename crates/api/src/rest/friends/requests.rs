use actix_web::{get, web};
use friends::Direction;
use kernel::{Cursor, FieldError};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Place;
use crate::app::App;
use crate::dto::{FriendRequestDto, PageDto, ProblemDto};
use crate::edge::{PageQuery, Query, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Which requests.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestsParams {
    /// `incoming`, unless given, or `outgoing`.
    direction: Option<String>,
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Requests to you, or yours, that wait for an answer; newest first.
#[utoipa::path(operation_id = "list_friend_requests", tag = "friends", security(("bearer" = [])), params(RequestsParams), responses(
    (status = 200, description = "A page of requests", body = PageDto<FriendRequestDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/friends/requests")]
pub(crate) async fn requests(
    app: web::Data<App>,
    caller: Caller,
    query: Query<RequestsParams>,
) -> Result<Reply, Problem> {
    let direction = match query.0.direction.as_deref() {
        None | Some("incoming") => Direction::Incoming,
        Some("outgoing") => Direction::Outgoing,
        Some(_) => {
            return Err(Problem::invalid(vec![FieldError::new("/direction", "unknown", "incoming or outgoing")]));
        }
    };
    let (limit, cursor) = PageQuery::checked(query.0.limit, query.0.cursor)?;
    let scope = format!("friend-requests:{}:{direction:?}", caller.player);
    let bad = |_| Problem::of("request.bad_cursor");
    let after: Option<Place> = cursor.map(|cursor| cursor.open(&app.cursors, &scope).map_err(bad)).transpose()?;
    let page = app.friends.requests(caller.player, direction, after, limit).await;
    let page = page.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(page.items.iter().map(|line| line.player)).await?;
    let items = page.items.iter().map(|line| FriendRequestDto::of(line, &names)).collect();
    let next_cursor = page.next.map(|place| Cursor::seal(&app.cursors, &scope, &place).0);
    Ok(Reply::ok(&PageDto { items, next_cursor }))
}
