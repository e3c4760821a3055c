use actix_web::{get, web};
use friends::{FriendPosition, ListChange};
use kernel::{Cursor, FieldError, PageLimit, PlayerId, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Place;
use crate::app::App;
use crate::dto::{FriendDto, FriendsDto, ProblemDto};
use crate::edge::{PageQuery, Query, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Which friends.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct FriendsParams {
    /// 1–100, 20 unless given.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only what changed at this time or later, RFC 3339, oldest change first; with `removed`.
    updated_since: Option<String>,
}

/// Your friends, online ones first, or what changed among them.
#[utoipa::path(operation_id = "list_friends", tag = "friends", security(("bearer" = [])), params(FriendsParams), responses(
    (status = 200, description = "A page of friends", body = FriendsDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/friends")]
pub(crate) async fn list(app: web::Data<App>, caller: Caller, query: Query<FriendsParams>) -> Result<Reply, Problem> {
    let FriendsParams { limit, cursor, updated_since } = query.0;
    let (limit, cursor) = PageQuery::checked(limit, cursor)?;
    let wrong =
        || Problem::invalid(vec![FieldError::new("/updated_since", "time", "a time as in 2026-11-22T20:00:00Z")]);
    match updated_since {
        None => friends(&app, caller.player, cursor, limit).await,
        Some(text) => {
            let since = Timestamp::parse_rfc3339(&text).ok_or_else(wrong)?;
            changes(&app, caller.player, since, cursor, limit).await
        }
    }
}

fn bad_cursor<E>(_: E) -> Problem {
    Problem::of("request.bad_cursor")
}

/// What is committed later than this is after [`FriendsDto::as_of`], whichever replica's clock it goes by: a commit may
/// take a second.
const IN_FLIGHT_MS: i64 = 3_000;

/// Of a list's first page on, all pages are as of the first one.
fn as_of<T>(app: &App, after: Option<(Timestamp, T)>) -> (Timestamp, Option<T>) {
    match after {
        Some((as_of, after)) => (as_of, Some(after)),
        None => (app.clock.now().plus_millis(-IN_FLIGHT_MS), None),
    }
}

async fn friends(app: &App, player: PlayerId, cursor: Option<Cursor>, limit: PageLimit) -> Result<Reply, Problem> {
    let scope = format!("friends:{player}");
    let after: Option<(Timestamp, FriendPosition)> =
        cursor.map(|cursor| cursor.open(&app.cursors, &scope).map_err(bad_cursor)).transpose()?;
    let (as_of, after) = as_of(app, after);
    let page = app.friends.list(player, after, limit).await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(page.items.iter().map(|line| line.player)).await?;
    let now = app.clock.now();
    Ok(Reply::ok(&FriendsDto {
        items: page.items.iter().map(|line| FriendDto::of(line, &names, now)).collect(),
        removed: Vec::new(),
        next_cursor: page.next.map(|position| Cursor::seal(&app.cursors, &scope, &(as_of, position)).0),
        as_of,
    }))
}

async fn changes(
    app: &App,
    player: PlayerId,
    since: Timestamp,
    cursor: Option<Cursor>,
    limit: PageLimit,
) -> Result<Reply, Problem> {
    let scope = format!("friends:{player}:since:{}", since.micros());
    let after: Option<(Timestamp, Place)> =
        cursor.map(|cursor| cursor.open(&app.cursors, &scope).map_err(bad_cursor)).transpose()?;
    let (as_of, after) = as_of(app, after);
    let page = app.friends.changes(player, since, after, limit).await.map_err(|error| app.refuse(error))?;
    let lines = page.items.iter().filter_map(|change| match change {
        ListChange::Line(line) => Some(line),
        ListChange::Removed { .. } => None,
    });
    let names = app.directory.names(lines.clone().map(|line| line.player)).await?;
    let now = app.clock.now();
    let gone = page.items.iter().filter_map(|change| match change {
        ListChange::Removed { player, .. } => Some(*player),
        ListChange::Line(_) => None,
    });
    Ok(Reply::ok(&FriendsDto {
        items: lines.map(|line| FriendDto::of(line, &names, now)).collect(),
        removed: gone.collect(),
        next_cursor: page.next.map(|place| Cursor::seal(&app.cursors, &scope, &(as_of, place)).0),
        as_of,
    }))
}
