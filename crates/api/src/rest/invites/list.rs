use actix_web::{get, web};

use crate::app::App;
use crate::dto::{GameInviteDto, PageDto, ProblemDto};
use crate::edge::Reply;
use crate::problem::Problem;
use crate::tokens::Caller;

/// Invitations to and from you that can still be answered, newest first.
#[utoipa::path(operation_id = "list_game_invites", tag = "invites", security(("bearer" = [])), responses(
    (status = 200, description = "At most 100", body = PageDto<GameInviteDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/game-invites")]
pub(crate) async fn list(app: web::Data<App>, caller: Caller) -> Result<Reply, Problem> {
    let open = app.games.invites_of(caller.player).await.map_err(|error| app.refuse(error))?;
    let people = open.iter().flat_map(|(_, invite)| std::iter::once(invite.from).chain(invite.to));
    let names = app.directory.names(people).await?;
    let items = open.iter().map(|(game, invite)| GameInviteDto::of(game, invite, &names)).collect();
    Ok(Reply::ok(&PageDto { items, next_cursor: None }))
}
