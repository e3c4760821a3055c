use ::games::{CaseFilter, Status};
use actix_web::{get, web};
use kernel::{Cursor, FieldError, GameId, PageLimit, PlayerId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::dto::{CaseDto, PageDto, ProblemDto};
use crate::edge::{Operator, PageQuery, Query, Reply};
use crate::problem::Problem;

/// Which games.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct CasesParams {
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only games of this status.
    status: Option<String>,
    /// Only games of this mode.
    mode: Option<String>,
    /// Only games of this player.
    #[param(value_type = Option<uuid::Uuid>)]
    player: Option<PlayerId>,
}

pub(super) async fn page(
    app: &App,
    filter: &CaseFilter,
    limit: PageLimit,
    cursor: Option<Cursor>,
) -> Result<Reply, Problem> {
    let status = filter.status.map_or("", Status::as_str);
    let player = filter.player.map(|id| id.to_string()).unwrap_or_default();
    let mode = filter.mode.as_deref().unwrap_or_default();
    let list = format!("cases:{status}:{mode}:{player}:{}", filter.needs_review);
    let after: Option<GameId> = match cursor {
        Some(cursor) => Some(cursor.open(&app.cursors, &list).map_err(|_| Problem::of("request.bad_cursor"))?),
        None => None,
    };
    let page = app.games.cases(filter, after, limit).await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(page.items.iter().flat_map(|game| &game.players).map(|p| p.player_id)).await?;
    let next_cursor = page.next.map(|position| Cursor::seal(&app.cursors, &list, &position).0);
    let items = page.items.iter().map(|game| CaseDto::of(game, &names)).collect();
    Ok(Reply::ok(&PageDto::<CaseDto> { items, next_cursor }))
}

/// Games as operators see them, newest first.
#[utoipa::path(operation_id = "admin_list_games", tag = "admin", security(("bearer" = [])), params(CasesParams), responses(
    (status = 200, description = "A page of games", body = PageDto<CaseDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/admin/games")]
pub(crate) async fn games(
    app: web::Data<App>,
    _operator: Operator,
    query: Query<CasesParams>,
) -> Result<Reply, Problem> {
    let CasesParams { limit, cursor, status, mode, player } = query.0;
    let (limit, cursor) = PageQuery::checked(limit, cursor)?;
    let unknown = || Problem::invalid(vec![FieldError::new("/status", "unknown", "no game has such a status")]);
    let status = status.map(|word| Status::parse(&word).ok_or_else(unknown)).transpose()?;
    page(&app, &CaseFilter { status, mode, player, needs_review: false }, limit, cursor).await
}
