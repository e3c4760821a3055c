//! Whether players are there, as far as the asker may know.

use std::collections::HashSet;

use actix_web::{get, web};
use friends::{Surface, Verdict};
use kernel::{FieldError, PlayerId};
use serde::Deserialize;
use social::{Facts, GRACE, Sight, compose};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::dto::{PageDto, PresenceOfDto, ProblemDto};
use crate::edge::{Query, Reply};
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
pub(crate) async fn of(app: &App, viewer: PlayerId, ids: &[PlayerId]) -> Result<Vec<PresenceOfDto>, Problem> {
    let verdicts = app.friends.policy().judge(viewer, ids, Surface::Presence).await;
    let verdicts = verdicts.map_err(|error| app.refuse(error))?;
    let relations = app.friends.relations(viewer, ids).await.map_err(|error| app.refuse(error))?;
    let friends = relations.iter().filter(|relation| relation.bond.is_friends());
    let friends: HashSet<PlayerId> = friends.map(|relation| relation.pair.other(viewer)).collect();
    let reaches = app.connections.reach(ids).await.map_err(|error| app.refuse(error))?;
    let engagements = app.engagements.current(ids).await.map_err(|error| app.refuse(error))?;
    let now = app.clock.now();
    let known = ids.iter().zip(verdicts).zip(reaches.into_iter().zip(engagements));
    Ok(known
        .map(|((id, verdict), (reach, engagement))| {
            let sight = match verdict {
                Verdict::Allow if *id == viewer || friends.contains(id) => Sight::Friend,
                Verdict::Allow => Sight::Anybody,
                Verdict::Hidden | Verdict::Refused => Sight::Nothing,
            };
            let facts = Facts { reach, engagement, open_seat: false };
            PresenceOfDto::of(*id, compose(&facts, sight, now, GRACE))
        })
        .collect())
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
