//! Links that make friends.

use actix_web::{HttpRequest, delete, get, post, web};
use kernel::PlayerId;

use super::answered;
use crate::app::App;
use crate::dto::{FriendLinkDto, NewFriendLinkDto, PageDto, ProblemDto, StandingOfDto};
use crate::edge::{Body, Idempotency, Outcome, Reply, public_url};
use crate::problem::Problem;
use crate::tokens::Caller;

/// A link as it stands: the reply of a command about it, when the reply itself was lost. The address begins as operators
/// say, or where the page is.
pub(crate) async fn again(app: &App, player: PlayerId, code: &str) -> Result<Reply, Problem> {
    let link = app.friends.own_link(player, code).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&FriendLinkDto::of(&link, &app.settings.public_url)))
}

/// Your links that work, newest first.
#[utoipa::path(operation_id = "list_friend_links", tag = "friends", security(("bearer" = [])), responses(
    (status = 200, description = "All of them", body = PageDto<FriendLinkDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/friends/invite-links")]
pub(crate) async fn list(app: web::Data<App>, req: HttpRequest, caller: Caller) -> Result<Reply, Problem> {
    let links = app.friends.links_of(caller.player).await.map_err(|error| app.refuse(error))?;
    let base = public_url(&app.settings, &req);
    let items = links.iter().map(|link| FriendLinkDto::of(link, &base)).collect();
    Ok(Reply::ok(&PageDto { items, next_cursor: None }))
}

/// Make a link: who redeems it becomes your friend, or asks to.
#[utoipa::path(operation_id = "create_friend_link", tag = "friends", security(("bearer" = [])), request_body = Option<NewFriendLinkDto>, responses(
    (status = 201, description = "The link", body = FriendLinkDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/friends/invite-links")]
pub(crate) async fn create(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    key: Idempotency,
    body: Body<NewFriendLinkDto>,
) -> Result<Reply, Problem> {
    let base = public_url(&app.settings, &req);
    let wanted = body.0.into();
    let run = async |receipt| {
        let made = app.friends.create_link(caller.player, wanted, receipt).await;
        made.map(|link| Reply::created(&FriendLinkDto::of(&link, &base))).map_err(|error| app.refuse(error))
    };
    key.once(&app, caller.player, Outcome::Created, run).await
}

/// Take a link back.
#[utoipa::path(operation_id = "revoke_friend_link", tag = "friends", security(("bearer" = [])), params(("code" = String, Path)), responses(
    (status = 200, description = "It doesn't work any more", body = FriendLinkDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[delete("/friends/invite-links/{code}")]
pub(crate) async fn revoke(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    key: Idempotency,
    code: web::Path<String>,
) -> Result<Reply, Problem> {
    let base = public_url(&app.settings, &req);
    let run = async |receipt| {
        let revoked = app.friends.revoke_link(caller.player, &code, receipt).await;
        revoked.map(|link| Reply::ok(&FriendLinkDto::of(&link, &base))).map_err(|error| app.refuse(error))
    };
    key.once(&app, caller.player, Outcome::Done, run).await
}

/// Redeem somebody's link.
#[utoipa::path(operation_id = "redeem_friend_link", tag = "friends", security(("bearer" = [])), params(("code" = String, Path)), responses(
    (status = 200, description = "How you stand to its owner", body = StandingOfDto),
    (status = 201, description = "You have asked its owner", body = StandingOfDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/friends/invite-links/{code}/redeem")]
pub(crate) async fn redeem(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    code: web::Path<String>,
) -> Result<Reply, Problem> {
    let run = async |receipt| {
        let redeemed = app.friends.redeem(caller.player, &code, receipt).await;
        answered(&app, redeemed.map(|redeemed| redeemed.answer))
    };
    key.once(&app, caller.player, Outcome::Done, run).await
}
