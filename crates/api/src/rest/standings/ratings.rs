use actix_web::{HttpRequest, HttpResponse, get, web};
use kernel::PlayerId;

use crate::app::App;
use crate::dto::{PageDto, ProblemDto, RatingDto};
use crate::edge::{PathId, Reply, with_etag};
use crate::problem::Problem;
use crate::tokens::Caller;

/// A player's ratings, one per family of modes played.
#[utoipa::path(operation_id = "list_ratings", tag = "standings", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "By mode", body = PageDto<RatingDto>),
    (status = 304, description = "As you have it"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/players/{id}/ratings")]
pub(crate) async fn ratings(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    id: PathId<PlayerId>,
) -> Result<HttpResponse, Problem> {
    app.visible_history(caller.player, id.0).await?;
    let ratings = app.standings.ratings_of(id.0).await.map_err(|error| app.refuse(error))?;
    let items = ratings.iter().map(RatingDto::from).collect();
    Ok(with_etag(&req, Reply::ok(&PageDto::<RatingDto> { items, next_cursor: None })))
}
