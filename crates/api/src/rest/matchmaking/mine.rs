use actix_web::{get, web};
use kernel::Cursor;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::dto::{PageDto, ProblemDto, TicketDto};
use crate::edge::{PageQuery, Query, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Paging of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct MineQuery {
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Your tickets, newest first.
#[utoipa::path(operation_id = "list_my_tickets", tag = "matchmaking", security(("bearer" = [])), params(MineQuery), responses(
    (status = 200, description = "A page of tickets", body = PageDto<TicketDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/matchmaking/tickets")]
pub(crate) async fn mine(app: web::Data<App>, caller: Caller, query: Query<MineQuery>) -> Result<Reply, Problem> {
    let (limit, cursor) = PageQuery::checked(query.0.limit, query.0.cursor)?;
    let scope = format!("tickets:{}", caller.player);
    let after = match cursor {
        Some(cursor) => Some(cursor.open(&app.cursors, &scope).map_err(|_| Problem::of("request.bad_cursor"))?),
        None => None,
    };
    let page = app.matchmaking.mine(caller.player, after, limit).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&PageDto {
        items: page.items.iter().map(TicketDto::from).collect(),
        next_cursor: page.next.map(|position| Cursor::seal(&app.cursors, &scope, &position).0),
    }))
}
