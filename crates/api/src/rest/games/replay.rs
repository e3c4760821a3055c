use actix_web::{HttpResponse, get, web};
use bytes::Bytes;
use futures_util::stream;
use kernel::GameId;

use crate::app::App;
use crate::dto::ProblemDto;
use crate::edge::PathId;
use crate::problem::Problem;
use crate::tokens::Caller;

/// The log of a game that is over, one JSON object per line, each with the hash of all before it.
/// `shallweplay-backend verify-replay FILE` checks it.
#[utoipa::path(operation_id = "get_replay", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "Lines of `{n, at, type, data, prev, hash}`", body = String, content_type = "application/x-ndjson"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/games/{id}/replay")]
pub(crate) async fn replay(app: web::Data<App>, caller: Caller, id: PathId<GameId>) -> Result<HttpResponse, Problem> {
    let (viewer, id) = (caller.player, id.0);
    // The first page now: what is refused must be refused before the answer has begun.
    let first = app.games.replay(viewer, id, 0).await.map_err(|error| app.refuse(error))?;
    let pages = stream::unfold(Some(first), move |lines| {
        let app = app.clone();
        async move {
            let lines = lines?;
            let last = lines.last()?.n;
            let text: String = lines.iter().map(|line| line.to_json() + "\n").collect();
            match app.games.replay(viewer, id, last).await {
                Ok(next) => Some((Ok(Bytes::from(text)), Some(next))),
                // The client sees the answer break off, not a log that seems whole.
                Err(error) => Some((Err(std::io::Error::other(error.to_string())), None)),
            }
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header(("content-disposition", format!("inline; filename=\"{id}.ndjson\"")))
        .insert_header(("cache-control", "private, no-cache"))
        .streaming(pages))
}
