//! Whether players are there, as far as the asker may know.

use actix_web::{get, web};
use kernel::{FieldError, PlayerId};
use serde::Deserialize;
use social::{Facts, GRACE, compose};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::dto::{PageDto, PresenceOfDto, ProblemDto};
use crate::edge::{Query, Reply};
use crate::presence::{facts, sight};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The most that one call asks about.
const MOST: usize = 100;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config.service(presence);
}

/// About whom.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresenceParams {
    /// Up to 100 ids of players, with commas between them.
    ids: String,
}

/// Presence of each of these, in the order asked, for as much of it as `viewer` may know.
async fn of(app: &App, viewer: PlayerId, ids: &[PlayerId]) -> Result<Vec<PresenceOfDto>, Problem> {
    let judged = app.friends.policy().facts(viewer, ids).await.map_err(|error| app.refuse(error))?;
    let facts = facts(app, ids).await?;
    let now = app.clock.now();
    let seen = |((id, judged), facts): ((&PlayerId, _), &Facts)| {
        PresenceOfDto::of(*id, compose(facts, sight(judged), now, GRACE))
    };
    Ok(ids.iter().zip(&judged).zip(&facts).map(seen).collect())
}

/// Whether these players are there. Whom you may not know about looks like somebody who was never there.
#[utoipa::path(operation_id = "get_presence", tag = "friends", security(("bearer" = [])), params(PresenceParams), responses(
    (status = 200, description = "One for each, in the order asked", body = PageDto<PresenceOfDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/presence")]
pub(crate) async fn presence(
    app: web::Data<App>,
    caller: Caller,
    query: Query<PresenceParams>,
) -> Result<Reply, Problem> {
    let wrong =
        || Problem::invalid(vec![FieldError::new("/ids", "ids", "1 to 100 ids of players, with commas between")]);
    let ids: Option<Vec<PlayerId>> = query.0.ids.split(',').take(MOST + 1).map(|id| id.parse().ok()).collect();
    let ids = ids.filter(|ids| ids.len() <= MOST).ok_or_else(wrong)?;
    let items = of(&app, caller.player, &ids).await?;
    Ok(Reply::ok(&PageDto { items, next_cursor: None }))
}
