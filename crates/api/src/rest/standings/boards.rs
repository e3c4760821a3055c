use actix_web::{HttpRequest, HttpResponse, get, web};

use crate::app::App;
use crate::dto::{BoardInfoDto, PageDto, ProblemDto};
use crate::edge::{Reply, with_etag};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Which leaderboards there are: one per mode, with its metrics and seasons.
#[utoipa::path(operation_id = "list_leaderboards", tag = "standings", security(("bearer" = [])), responses(
    (status = 200, description = "By mode", body = PageDto<BoardInfoDto>),
    (status = 304, description = "As you have it"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/leaderboards")]
pub(crate) async fn boards(app: web::Data<App>, req: HttpRequest, _caller: Caller) -> Result<HttpResponse, Problem> {
    let boards = app.standings.boards().await.map_err(|error| app.refuse(error))?;
    let items = boards.iter().map(BoardInfoDto::from).collect();
    Ok(with_etag(&req, Reply::ok(&PageDto::<BoardInfoDto> { items, next_cursor: None })))
}
