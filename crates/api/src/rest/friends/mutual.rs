use actix_web::{get, web};
use kernel::{Cursor, PlayerId};

use super::Place;
use crate::app::App;
use crate::dto::{PageDto, PlayerDto, ProblemDto};
use crate::edge::{PageQuery, PathId, Query, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Friends that you and this player have in common, your newest first.
#[utoipa::path(operation_id = "list_mutual_friends", tag = "friends", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "A page of players", body = PageDto<PlayerDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/friends/{id}/mutual")]
pub(crate) async fn mutual(
    app: web::Data<App>,
    caller: Caller,
    id: PathId<PlayerId>,
    query: Query<PageQuery>,
) -> Result<Reply, Problem> {
    let (limit, cursor) = query.0.parts()?;
    let scope = format!("mutual:{}:{}", caller.player, id.0);
    let bad = |_| Problem::of("request.bad_cursor");
    let after: Option<Place> = cursor.map(|cursor| cursor.open(&app.cursors, &scope).map_err(bad)).transpose()?;
    let page = app.friends.mutual(caller.player, id.0, after, limit).await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(page.items.iter().copied()).await?;
    let items = page.items.iter().map(|player| names.get(*player)).collect();
    let next_cursor = page.next.map(|place| Cursor::seal(&app.cursors, &scope, &place).0);
    Ok(Reply::ok(&PageDto { items, next_cursor }))
}
