use actix_web::{get, web};
use kernel::Cursor;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::App;
use crate::dto::{AuditDto, PageDto, ProblemDto};
use crate::edge::{Operator, PageQuery, Query, Reply};
use crate::problem::Problem;

/// Which deeds.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditParams {
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only what was done to this, as `kind:id`: `game:0192…`.
    subject: Option<String>,
}

/// What operators did, newest first.
#[utoipa::path(operation_id = "admin_list_audit", tag = "admin", security(("bearer" = [])), params(AuditParams), responses(
    (status = 200, description = "A page of deeds", body = PageDto<AuditDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/admin/audit")]
pub(crate) async fn audit(
    app: web::Data<App>,
    operator: Operator,
    query: Query<AuditParams>,
) -> Result<Reply, Problem> {
    operator.admin()?;
    let AuditParams { limit, cursor, subject } = query.0;
    let (limit, cursor) = PageQuery::checked(limit, cursor)?;
    let list = format!("audit:{}", subject.as_deref().unwrap_or_default());
    let after: Option<Uuid> = match cursor {
        Some(cursor) => Some(cursor.open(&app.cursors, &list).map_err(|_| Problem::of("request.bad_cursor"))?),
        None => None,
    };
    let page = app.audit.page(subject.as_deref(), after, limit).await.map_err(|error| app.refuse(error))?;
    let next_cursor = page.next.map(|position| Cursor::seal(&app.cursors, &list, &position).0);
    let items = page.items.into_iter().map(AuditDto::from).collect();
    Ok(Reply::ok(&PageDto::<AuditDto> { items, next_cursor }))
}
