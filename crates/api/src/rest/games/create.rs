use actix_web::{HttpRequest, post, web};
use games::CreateGame;
use kernel::{PlayerId, Receipt};

use super::{changed, taking};
use crate::app::App;
use crate::dto::{CreateGameDto, GameDto, InviteLinkDto, ProblemDto};
use crate::edge::{Body, Idempotency, Outcome, Reply, public_url};
use crate::problem::Problem;
use crate::tokens::Caller;

async fn call(
    app: &App,
    player: PlayerId,
    wanted: CreateGameDto,
    base: &str,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let invited = wanted.invite.unwrap_or_default();
    // With a bot nobody is invited, whoever they are: the game's rules say so.
    if wanted.bot != Some(true) {
        app.may_invite(player, &invited).await?;
    }
    let wanted = CreateGame {
        mode: wanted.mode,
        invite: invited,
        link: wanted.link.unwrap_or(false),
        bot: wanted.bot.unwrap_or(false),
    };
    // Crossing invitations make one game: then creating one is accepting, which may take a player out of a queue, as
    // does playing against a bot.
    let made = taking(app, player, app.games.create(player, wanted, receipt)).await?;
    changed(app, &made.game).await;
    let names = app.directory.names(GameDto::people(&made.game)).await?;
    let mut dto = GameDto::of(&made.game, Some(player), &names);
    dto.invite_link = made.link.as_ref().and_then(|link| InviteLinkDto::of(link, base));
    Ok(Reply::created(&dto))
}

/// Start a private game: for players you invite, for whoever has the link, against a bot, or alone in modes of one.
#[utoipa::path(operation_id = "create_game", tag = "games", security(("bearer" = [])), request_body = CreateGameDto, responses(
    (status = 201, description = "The game", body = GameDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/games")]
pub(crate) async fn create(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    key: Idempotency,
    body: Body<CreateGameDto>,
) -> Result<Reply, Problem> {
    let base = public_url(&app.settings, &req);
    let run = |receipt| call(&app, caller.player, body.0, &base, receipt);
    Ok(key.once(&app, caller.player, Outcome::Created, run).await?.no_store())
}
