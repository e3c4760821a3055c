use actix_web::{get, web};
use friends::{Surface, Verdict};
use kernel::Cursor;
use players::Handle;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::dto::{PageDto, PlayerDto, ProblemDto};
use crate::edge::{PageQuery, Query, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Whom to look for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchParams {
    /// How the handle begins: 2 to 24 characters.
    handle_prefix: String,
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Accounts by the beginning of their handle. Whom a block keeps apart from you is not among them, so that a page may be
/// shorter than asked for while more follow.
#[utoipa::path(operation_id = "search_players", tag = "players", security(("bearer" = [])), params(SearchParams), responses(
    (status = 200, description = "A page of players, by handle", body = PageDto<PlayerDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/players")]
pub(crate) async fn search(app: web::Data<App>, caller: Caller, query: Query<SearchParams>) -> Result<Reply, Problem> {
    let SearchParams { handle_prefix, limit, cursor } = query.0;
    let (limit, cursor) = PageQuery::checked(limit, cursor)?;
    let scope = format!("players:{}", handle_prefix.to_ascii_lowercase());
    let bad = |_| Problem::of("request.bad_cursor");
    let after: Option<String> = cursor.map(|cursor| cursor.open(&app.cursors, &scope).map_err(bad)).transpose()?;
    let after = after.map(Handle::from_stored);
    let page = app.players.by_handle_prefix(&handle_prefix, after.as_ref(), limit).await;
    let page = page.map_err(|error| app.refuse(error))?;
    let ids: Vec<_> = page.items.iter().map(|player| player.id).collect();
    let verdicts = app.friends.policy().judge(caller.player, &ids, Surface::Search).await;
    let verdicts = verdicts.map_err(|error| app.refuse(error))?;
    let seen = page.items.iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Allow);
    let items = seen.map(|(player, _)| PlayerDto::from(player)).collect();
    let next_cursor = page.next.map(|handle| Cursor::seal(&app.cursors, &scope, &handle.as_str()).0);
    Ok(Reply::ok(&PageDto { items, next_cursor }))
}
