use actix_web::{HttpRequest, post, web};
use kernel::{FieldError, GameId, InviteId, PlayerId, Receipt};

use super::invite_shown;
use crate::app::App;
use crate::dto::{GameInviteDto, InviteDto, InviteLinkDto, ProblemDto};
use crate::edge::{Body, Idempotency, Outcome, PathId, Reply, public_url};
use crate::problem::Problem;
use crate::tokens::Caller;

async fn call(
    app: &App,
    player: PlayerId,
    id: GameId,
    wanted: InviteDto,
    base: &str,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let refuse = |error| app.refuse(error);
    match (wanted.player_id, wanted.link) {
        (Some(to), None | Some(false)) => {
            app.may_invite(player, &[to]).await?;
            let (game, made) = app.games.invite_player(player, id, to, receipt).await.map_err(refuse)?;
            Ok(Reply::created(&invite_shown(app, &game, &made).await?))
        }
        (None, Some(true)) => {
            let (_, made) = app.games.invite_link(player, id, receipt).await.map_err(refuse)?;
            app.presences.moved([player]);
            let link = InviteLinkDto::of(&made, base).ok_or_else(|| Problem::of("internal"))?;
            Ok(Reply::created(&link))
        }
        _ => {
            let detail = "name either player_id, or link: true";
            Err(Problem::invalid(vec![FieldError::new("", "one_of", detail)]))
        }
    }
}

/// An invitation as it stands: the reply of a command about it, when the reply itself was lost.
pub(crate) async fn again(app: &App, player: PlayerId, id: GameId, wanted: InviteId) -> Result<Reply, Problem> {
    let absent = || Problem::of("games.invite_not_found");
    let game = app.games.case(id).await.map_err(|error| app.refuse(error))?;
    let found = game.invites.iter().find(|found| found.id == wanted).ok_or_else(absent)?;
    let is_his = found.from == player || found.to == Some(player);
    if !is_his {
        return Err(absent());
    }
    Ok(Reply::ok(&invite_shown(app, &game, found).await?))
}

/// Invite a player to your game, or make a link for it.
#[utoipa::path(operation_id = "invite_to_game", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = InviteDto,
    responses(
        (status = 201, description = "The invitation, or with `link: true` the link", body = GameInviteDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[post("/games/{id}/invites")]
pub(crate) async fn invite(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    key: Idempotency,
    id: PathId<GameId>,
    body: Body<InviteDto>,
) -> Result<Reply, Problem> {
    let base = public_url(&app.settings, &req);
    let run = |receipt| call(&app, caller.player, id.0, body.0, &base, receipt);
    key.once(&app, caller.player, Outcome::Created, run).await
}
