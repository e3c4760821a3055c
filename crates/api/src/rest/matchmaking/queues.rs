use actix_web::{get, web};

use crate::app::App;
use crate::dto::{PageDto, ProblemDto, QueueDto};
use crate::edge::Reply;
use crate::problem::Problem;
use crate::tokens::Caller;

/// How many wait and how long it takes, for every mode that takes tickets.
#[utoipa::path(operation_id = "list_queues", tag = "matchmaking", security(("bearer" = [])), responses(
    (status = 200, description = "The queues", body = PageDto<QueueDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/matchmaking/queues")]
pub(crate) async fn queues(app: web::Data<App>, _caller: Caller) -> Result<Reply, Problem> {
    let queues = app.matchmaking.queues().await.map_err(|error| app.refuse(error))?;
    let items = queues.into_iter().map(QueueDto::from).collect();
    Ok(Reply::ok(&PageDto { items, next_cursor: None }))
}
