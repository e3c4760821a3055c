use std::collections::BTreeSet;

use actix_web::{get, web};
use friends::{Surface, Verdict};
use games::{Game, Invite};
use kernel::PlayerId;

use crate::app::App;
use crate::dto::{GameInviteDto, PageDto, ProblemDto};
use crate::edge::Reply;
use crate::problem::Problem;
use crate::tokens::Caller;

/// Who sits in the game, who invites and who is invited.
fn met<'a>(game: &'a Game, invite: &'a Invite) -> impl Iterator<Item = PlayerId> + 'a {
    let seated = game.players.iter().filter(|player| player.status.engaged()).map(|player| player.player_id);
    seated.chain([invite.from]).chain(invite.to)
}

/// Invitations to and from you that can still be answered, newest first.
#[utoipa::path(operation_id = "list_game_invites", tag = "invites", security(("bearer" = [])), responses(
    (status = 200, description = "At most 100", body = PageDto<GameInviteDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/game-invites")]
pub(crate) async fn list(app: web::Data<App>, caller: Caller) -> Result<Reply, Problem> {
    let mut open = app.games.invites_of(caller.player).await.map_err(|error| app.refuse(error))?;
    // Nothing between two of whom one blocks the other, nor into a game where such a one sits.
    let mut others: Vec<PlayerId> =
        open.iter().flat_map(|(game, invite)| met(game, invite)).filter(|player| *player != caller.player).collect();
    others.sort_unstable();
    others.dedup();
    let judged = app.friends.policy().judge(caller.player, &others, Surface::Board).await;
    let judged = judged.map_err(|error| app.refuse(error))?;
    let hidden =
        others.iter().zip(judged).filter(|(_, verdict)| *verdict == Verdict::Hidden).map(|(player, _)| *player);
    let hidden: BTreeSet<PlayerId> = hidden.collect();
    open.retain(|(game, invite)| !met(game, invite).any(|player| hidden.contains(&player)));
    let people = open.iter().flat_map(|(_, invite)| std::iter::once(invite.from).chain(invite.to));
    let names = app.directory.names(people).await?;
    let items = open.iter().map(|(game, invite)| GameInviteDto::of(game, invite, &names)).collect();
    Ok(Reply::ok(&PageDto { items, next_cursor: None }))
}
