use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, get, web};
use bytes::Bytes;
use futures_util::stream;
use games::{Game, HistoryFilter, HistoryPosition, Outcome};
use kernel::{CacheOutcome, Cursor, FieldError, Page, PageLimit, PlayerId, Timestamp};
use serde::Deserialize;
use standings::end_of;
use utoipa::IntoParams;

use super::history_key;
use crate::app::App;
use crate::dto::{GameDto, PageDto, ProblemDto};
use crate::edge::{PageQuery, PathId, Query, Reply, with_etag};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Which games.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryParams {
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before; it refuses other filters than it was made with.
    cursor: Option<String>,
    /// Key of a mode.
    mode: Option<String>,
    /// `win`, `loss` or `draw`.
    result: Option<String>,
    /// Only games with this player.
    #[param(value_type = Option<uuid::Uuid>)]
    opponent: Option<PlayerId>,
    /// Only games that count for ratings, or only those that don't.
    rated: Option<bool>,
    /// Only games over at this time or later, RFC 3339.
    since: Option<String>,
    /// Only games over before this time, RFC 3339.
    until: Option<String>,
    /// Only games of this season: `2026-11`.
    season: Option<String>,
    /// Only games that took at least so many milliseconds.
    min_duration_ms: Option<i64>,
    /// Only games with this tag: `matched`, `private`, `rematch`, `solo`, `abandoned`, `claimed`, `voided`, `amended`, …
    tag: Option<String>,
}

fn time(at: &'static str, text: Option<String>) -> Result<Option<Timestamp>, Problem> {
    let wrong = || Problem::invalid(vec![FieldError::new(at, "time", "a time as in 2026-11-22T20:00:00Z")]);
    text.map(|text| Timestamp::parse_rfc3339(&text).ok_or_else(wrong)).transpose()
}

impl HistoryParams {
    fn parts(self) -> Result<(HistoryFilter, PageLimit, Option<Cursor>), Problem> {
        let (limit, cursor) = PageQuery::checked(self.limit, self.cursor)?;
        let unknown = || Problem::invalid(vec![FieldError::new("/result", "unknown", "one of win, loss, draw")]);
        let result = self.result.map(|word| Outcome::parse(&word).ok_or_else(unknown)).transpose()?;
        let (mut since, mut until) = (time("/since", self.since)?, time("/until", self.until)?);
        if let Some(season) = self.season {
            let wrong = || Problem::invalid(vec![FieldError::new("/season", "season", "a season as in 2026-11")]);
            let ends = end_of(&season).ok_or_else(wrong)?;
            since = since.max(Timestamp::parse_rfc3339(&format!("{season}-01T00:00:00Z")));
            until = Some(until.map_or(ends, |until| until.min(ends)));
        }
        let (mode, opponent, rated, tag) = (self.mode, self.opponent, self.rated, self.tag);
        let min_duration_ms = self.min_duration_ms;
        Ok((HistoryFilter { mode, result, opponent, rated, since, until, min_duration_ms, tag }, limit, cursor))
    }
}

/// The list a cursor belongs to: whose, and under which filters.
fn scope(player: PlayerId, filter: &HistoryFilter) -> String {
    format!("history:{player}:{filter:?}")
}

async fn games(
    app: &App,
    player: PlayerId,
    filter: &HistoryFilter,
    after: Option<HistoryPosition>,
    limit: PageLimit,
) -> Result<(Page<Game, HistoryPosition>, Vec<GameDto>), Problem> {
    let page = app.games.history(player, filter.clone(), after, limit).await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(page.items.iter().flat_map(|game| &game.players).map(|p| p.player_id)).await?;
    // As anybody sees it, so that the page can be cached for all: no secrets.
    let items = page.items.iter().map(|game| GameDto::of(game, None, &names)).collect();
    Ok((page, items))
}

async fn page(
    app: &App,
    player: PlayerId,
    filter: &HistoryFilter,
    after: Option<HistoryPosition>,
    limit: PageLimit,
) -> Result<Bytes, Problem> {
    let (page, items) = games(app, player, filter, after, limit).await?;
    let next_cursor = page.next.map(|position| Cursor::seal(&app.cursors, &scope(player, filter), &position).0);
    Ok(Reply::ok(&PageDto { items, next_cursor }).body().clone())
}

/// The whole rest of a history, page by page, one game per line: at no time more than a page is in memory.
fn export(
    app: web::Data<App>,
    player: PlayerId,
    filter: HistoryFilter,
    after: Option<HistoryPosition>,
    limit: PageLimit,
) -> HttpResponse {
    let pages = stream::unfold(Some(after), move |state| {
        let (app, filter) = (app.clone(), filter.clone());
        async move {
            match games(&app, player, &filter, state?, limit).await {
                Ok((page, items)) => {
                    let mut text = Vec::new();
                    for item in &items {
                        // Plain structs, whose serialisation can't fail.
                        _ = serde_json::to_writer(&mut text, item);
                        text.push(b'\n');
                    }
                    Some((Ok(Bytes::from(text)), page.next.map(Some)))
                }
                // The client sees the answer break off, not a history that seems whole.
                Err(problem) => Some((Err(std::io::Error::other(problem.to_string())), None)),
            }
        }
    });
    HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .streaming(pages)
}

fn wants_lines(req: &HttpRequest) -> bool {
    let accept = req.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/x-ndjson"))
}

/// A player's past games, newest first. Stable while games are added; voided ones stay, marked.
#[utoipa::path(operation_id = "list_history", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path), HistoryParams), responses(
    (status = 200, description = "A page of games; with `Accept: application/x-ndjson` all of them, one per line", content(
        (PageDto<GameDto> = "application/json"), (GameDto = "application/x-ndjson"))),
    (status = 304, description = "As you have it"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/players/{id}/games")]
pub(crate) async fn history(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    id: PathId<PlayerId>,
    query: Query<HistoryParams>,
) -> Result<HttpResponse, Problem> {
    let (filter, limit, cursor) = query.0.parts()?;
    app.visible_history(caller.player, id.0).await?;
    let bad_cursor = |_| Problem::of("request.bad_cursor");
    let after = cursor.map(|c| c.open(&app.cursors, &scope(id.0, &filter)).map_err(bad_cursor)).transpose()?;
    if wants_lines(&req) {
        let most = PageLimit::new(100).unwrap_or_default();
        return Ok(export(app, id.0, filter, after, most));
    }
    let first = after.is_none() && filter == HistoryFilter::default() && limit == PageLimit::default();
    // What happens to games invalidates it; what happens to the names in it doesn't.
    let (body, outcome) = if first {
        app.aside.read_briefly(history_key(id.0), || page(&app, id.0, &filter, None, limit)).await?
    } else {
        (page(&app, id.0, &filter, after, limit).await?, CacheOutcome::Bypass)
    };
    let reply = Reply::raw(StatusCode::OK, body);
    Ok(with_etag(&req, if first { reply.cache(outcome) } else { reply }))
}
