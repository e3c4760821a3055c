use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use kernel::{CacheKey, Cursor, FieldError, PageLimit, PlayerId};
use serde::Deserialize;
use standings::{BoardQuery, BoardSpan, Metric};
use utoipa::IntoParams;

use crate::app::App;
use crate::dto::{LeaderboardDto, ProblemDto};
use crate::edge::{PageQuery, Query, Reply, with_etag};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Which part of which board.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoardParams {
    /// `rating`, `wins`, `best_score`, `streak` or `sum`; the mode's own unless given.
    metric: Option<String>,
    /// `2026-11`; all time unless given.
    season: Option<String>,
    /// `global`, unless given, or `friends`.
    scope: Option<String>,
    /// `me`: the lines around your own.
    around: Option<String>,
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn one_of<T>(at: &'static str, words: &'static str) -> Result<T, Problem> {
    Err(Problem::invalid(vec![FieldError::new(at, "unknown", format!("one of {words}"))]))
}

/// The lines of a page, without anybody's own place: the same for all who ask.
async fn page(app: &App, query: &BoardQuery, limit: PageLimit, scope: &str) -> Result<LeaderboardDto, Problem> {
    let board = app.standings.board(query, limit).await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(board.lines.iter().map(|line| line.player_id)).await?;
    let next = board.next.map(|position| Cursor::seal(&app.cursors, scope, &position).0);
    Ok(LeaderboardDto::of(&board, &names, next))
}

/// A mode's leaderboard. Equal values share a rank: 1, 2, 2, 4.
#[utoipa::path(operation_id = "get_leaderboard", tag = "standings", security(("bearer" = [])),
    params(("mode" = String, Path, description = "Its key"), BoardParams), responses(
        (status = 200, description = "Lines, with your own place beside them", body = LeaderboardDto),
        (status = 304, description = "As you have it"),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[get("/leaderboards/{mode}")]
pub(crate) async fn leaderboard(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    mode: web::Path<String>,
    query: Query<BoardParams>,
) -> Result<HttpResponse, Problem> {
    let BoardParams { metric, season, scope, around, limit, cursor } = query.0;
    let (limit, cursor) = PageQuery::checked(limit, cursor)?;
    let metric = match metric.as_deref().map(Metric::parse) {
        Some(None) => return one_of("/metric", "rating, wins, best_score, streak, sum"),
        known => known.flatten(),
    };
    let among: Option<Vec<PlayerId>> = match scope.as_deref() {
        None | Some("global") => None,
        Some("friends") => Some(app.circle(caller.player).await?),
        Some(_) => return one_of("/scope", "global, friends"),
    };
    let around = match around.as_deref() {
        None => false,
        Some("me") => true,
        Some(_) => return one_of("/around", "me"),
    };
    let board = app.standings.key(&mode, metric, season.as_deref()).await.map_err(|error| app.refuse(error))?;
    let friends = if among.is_some() { caller.player.to_string() } else { String::new() };
    let name = format!("{}:{}:{}", board.mode, board.season, board.metric.as_str());
    let list = format!("board:{name}:{friends}");
    let after = match cursor {
        Some(cursor) => Some(cursor.open(&app.cursors, &list).map_err(|_| Problem::of("request.bad_cursor"))?),
        None => None,
    };
    let first = !around && after.is_none() && among.is_none();
    let span = if around { BoardSpan::Around(caller.player) } else { BoardSpan::After(after) };
    let place = app.standings.place(&board, caller.player, among.as_deref());
    let query = BoardQuery { board: board.clone(), among: among.clone(), span };
    let (lines, cache) = if first {
        let key = CacheKey::new("board", format!("{name}:{}", limit.get()));
        let load = || async { Ok(Reply::ok(&page(&app, &query, limit, &list).await?).body().clone()) };
        let (bytes, outcome) = app.aside.read_briefly(key, load).await?;
        (serde_json::from_slice(&bytes).map_err(|_| Problem::of("internal"))?, Some(outcome))
    } else {
        (serde_json::to_value(page(&app, &query, limit, &list).await?).map_err(|_| Problem::of("internal"))?, None)
    };
    let me = place.await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(me.iter().map(|place| place.line.player_id)).await?;
    let body = LeaderboardDto::with_me(lines, me.as_ref(), &names);
    let reply = Reply::json(StatusCode::OK, &body);
    Ok(with_etag(
        &req,
        match cache {
            Some(outcome) => reply.cache(outcome),
            None => reply,
        },
    ))
}
