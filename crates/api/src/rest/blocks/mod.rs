//! Whom a player wants nothing to do with. The blocked side never learns of it.

use actix_web::{delete, get, put, web};
use kernel::{Cursor, PlayerId, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::dto::{BlockDto, PageDto, ProblemDto, StandingOfDto};
use crate::edge::{Idempotency, Outcome, PageQuery, PathId, Query, Reply};
use crate::problem::Problem;
use crate::rest::friends::answered;
use crate::tokens::Caller;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config.service(list).service(place).service(lift);
}

/// Whom you block, newest first.
#[utoipa::path(operation_id = "list_blocks", tag = "blocks", security(("bearer" = [])), responses(
    (status = 200, description = "A page of blocks", body = PageDto<BlockDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/blocks")]
pub(crate) async fn list(app: web::Data<App>, caller: Caller, query: Query<PageQuery>) -> Result<Reply, Problem> {
    let (limit, cursor) = query.0.parts()?;
    let scope = format!("blocks:{}", caller.player);
    let bad = |_| Problem::of("request.bad_cursor");
    let after: Option<(Timestamp, PlayerId)> =
        cursor.map(|cursor| cursor.open(&app.cursors, &scope).map_err(bad)).transpose()?;
    let page = app.friends.blocked(caller.player, after, limit).await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(page.items.iter().map(|block| block.blocked)).await?;
    let items = page.items.iter().map(|block| BlockDto::of(block, &names)).collect();
    let next_cursor = page.next.map(|position| Cursor::seal(&app.cursors, &scope, &position).0);
    Ok(Reply::ok(&PageDto { items, next_cursor }))
}

/// Block a player: friendship, requests and invitations between you end at once, and neither finds the other.
#[utoipa::path(operation_id = "block_player", tag = "blocks", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "Blocked", body = StandingOfDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[put("/blocks/{id}")]
pub(crate) async fn place(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PlayerId>,
) -> Result<Reply, Problem> {
    let run = async |receipt| answered(&app, app.friends.block(caller.player, id.0, receipt).await);
    key.once(&app, caller.player, Outcome::Done, run).await
}

/// Lift a block.
#[utoipa::path(operation_id = "unblock_player", tag = "blocks", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "Lifted", body = StandingOfDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[delete("/blocks/{id}")]
pub(crate) async fn lift(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PlayerId>,
) -> Result<Reply, Problem> {
    let run = async |receipt| answered(&app, app.friends.unblock(caller.player, id.0, receipt).await);
    key.once(&app, caller.player, Outcome::Done, run).await
}
