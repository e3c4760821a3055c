use actix_web::{HttpRequest, HttpResponse, get, web};
use kernel::{CacheKey, Cursor};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::dto::{ModeDto, PageDto, ProblemDto};
use crate::edge::{PageQuery, Query, Reply, with_etag};
use crate::problem::Problem;

/// Paging of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModesQuery {
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Every mode, by key.
#[utoipa::path(operation_id = "list_modes", tag = "modes", params(ModesQuery), responses(
    (status = 200, description = "The catalogue", body = PageDto<ModeDto>),
    (status = 304, description = "As you have it"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/modes")]
pub(crate) async fn list(
    app: web::Data<App>,
    req: HttpRequest,
    query: Query<ModesQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, cursor) = PageQuery::checked(query.0.limit, query.0.cursor)?;
    let after: Option<String> = match cursor {
        Some(cursor) => Some(cursor.open(&app.cursors, "modes").map_err(|_| Problem::of("request.bad_cursor"))?),
        None => None,
    };
    let catalogue = app.games.modes();
    // A published mode has a version of its own, so another catalogue has another key.
    let version: i64 = catalogue.all().iter().map(|mode| 1 + i64::from(mode.version)).sum();
    let place = format!("{version}:{}:{}", limit.get(), after.as_deref().unwrap_or_default());
    let key = CacheKey::new("modes", place);
    let (body, outcome) = app
        .aside
        .read(key, || async {
            let mut modes: Vec<_> = catalogue.all().iter().collect();
            modes.sort_by_key(|mode| &mode.key);
            modes.retain(|mode| after.as_ref().is_none_or(|after| mode.key > *after));
            let more = modes.len() > usize::from(limit.get());
            modes.truncate(usize::from(limit.get()));
            let last = modes.last().filter(|_| more).map(|mode| &mode.key);
            let next_cursor = last.map(|key| Cursor::seal(&app.cursors, "modes", key).0);
            let page = PageDto { items: modes.into_iter().map(ModeDto::from).collect(), next_cursor };
            Ok(Reply::ok(&page).body().clone())
        })
        .await?;
    Ok(with_etag(&req, Reply::raw(actix_web::http::StatusCode::OK, body).cache(outcome)))
}
