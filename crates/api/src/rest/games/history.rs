use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use bytes::Bytes;
use games::{HistoryFilter, HistoryPosition, Outcome};
use kernel::{CacheOutcome, Cursor, FieldError, PageLimit, PlayerId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::history_key;
use crate::app::App;
use crate::dto::{GameDto, PageDto, ProblemDto};
use crate::edge::{PageQuery, PathId, Query, Reply, with_etag};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Which games.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryParams {
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before; it refuses other filters than it was made with.
    cursor: Option<String>,
    /// Key of a mode.
    mode: Option<String>,
    /// `win`, `loss` or `draw`.
    result: Option<String>,
    /// Only games with this player.
    #[param(value_type = Option<uuid::Uuid>)]
    opponent: Option<PlayerId>,
}

/// The list a cursor belongs to: whose, and under which filters.
fn scope(player: PlayerId, filter: &HistoryFilter) -> String {
    let result = filter.result.map_or("", Outcome::as_str);
    let opponent = filter.opponent.map(|id| id.to_string()).unwrap_or_default();
    format!("history:{player}:{}:{result}:{opponent}", filter.mode.as_deref().unwrap_or_default())
}

async fn page(
    app: &App,
    player: PlayerId,
    filter: HistoryFilter,
    after: Option<HistoryPosition>,
    limit: PageLimit,
) -> Result<Bytes, Problem> {
    let scope = scope(player, &filter);
    let page = app.games.history(player, filter, after, limit).await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(page.items.iter().flat_map(|game| &game.players).map(|p| p.player_id)).await?;
    let next_cursor = page.next.map(|position| Cursor::seal(&app.cursors, &scope, &position).0);
    // As anybody sees it, so that the page can be cached for all: no secrets.
    let items = page.items.iter().map(|game| GameDto::of(game, None, &names)).collect();
    Ok(Reply::ok(&PageDto { items, next_cursor }).body().clone())
}

/// A player's past games, newest first. Stable while games are added.
#[utoipa::path(operation_id = "list_history", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path), HistoryParams), responses(
    (status = 200, description = "A page of games", body = PageDto<GameDto>),
    (status = 304, description = "As you have it"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/players/{id}/games")]
pub(crate) async fn history(
    app: web::Data<App>,
    req: HttpRequest,
    _caller: Caller,
    id: PathId<PlayerId>,
    query: Query<HistoryParams>,
) -> Result<HttpResponse, Problem> {
    let HistoryParams { limit, cursor, mode, result, opponent } = query.0;
    let (limit, cursor) = PageQuery::checked(limit, cursor)?;
    let unknown = || Problem::invalid(vec![FieldError::new("/result", "unknown", "one of win, loss, draw")]);
    let result = result.map(|word| Outcome::parse(&word).ok_or_else(unknown)).transpose()?;
    let filter = HistoryFilter { mode, result, opponent };
    let bad_cursor = |_| Problem::of("request.bad_cursor");
    let after = cursor.map(|c| c.open(&app.cursors, &scope(id.0, &filter)).map_err(bad_cursor)).transpose()?;
    let first = after.is_none() && filter == HistoryFilter::default() && limit == PageLimit::default();
    let (body, outcome) = if first {
        app.aside.read(history_key(id.0), || page(&app, id.0, filter, None, limit)).await?
    } else {
        (page(&app, id.0, filter, after, limit).await?, CacheOutcome::Bypass)
    };
    let reply = Reply::raw(StatusCode::OK, body);
    Ok(with_etag(&req, if first { reply.cache(outcome) } else { reply }))
}
