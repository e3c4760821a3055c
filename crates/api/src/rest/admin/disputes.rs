use actix_web::{get, web};
use games::CaseFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::games::page;
use crate::app::App;
use crate::dto::{CaseDto, PageDto, ProblemDto};
use crate::edge::{Operator, PageQuery, Query, Reply};
use crate::problem::Problem;

/// Paging of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisputesParams {
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Games that wait for an operator's look: disputed, held, doubted. Newest first.
#[utoipa::path(operation_id = "admin_list_disputes", tag = "admin", security(("bearer" = [])), params(DisputesParams), responses(
    (status = 200, description = "A page of games", body = PageDto<CaseDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/admin/disputes")]
pub(crate) async fn disputes(
    app: web::Data<App>,
    _operator: Operator,
    query: Query<DisputesParams>,
) -> Result<Reply, Problem> {
    let (limit, cursor) = PageQuery::checked(query.0.limit, query.0.cursor)?;
    page(&app, &CaseFilter { needs_review: true, ..CaseFilter::default() }, limit, cursor).await
}
