use std::collections::HashMap;

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use bytes::Bytes;
use friends::Everything;
use futures_util::stream::{self, StreamExt as _};
use games::{Game, HistoryFilter, HistoryPosition};
use kernel::{GameId, PageLimit, PlayerId};
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::dto::{
    ExportDto, ExportedRelationDto, FriendLinkDto, GameDto, OwnPlayerDto, ProblemDto, RatingDto, SessionDto, StatsDto,
};
use crate::problem::Problem;
use crate::tokens::Caller;

fn text(value: &impl Serialize) -> String {
    // Plain structs, whose serialisation can't fail.
    serde_json::to_string(value).unwrap_or_else(|_| String::from("null"))
}

/// Everything but the games, which may be too many to hold.
async fn beside_games(app: &App, caller: &Caller) -> Result<ExportDto, Problem> {
    let player = caller.player;
    let own = app.players.export(player).await.map_err(|error| app.refuse(error))?;
    let Everything { relations, links } = app.friends.everything_of(player).await.map_err(|error| app.refuse(error))?;
    let now = app.clock.now();
    let ratings = app.standings.ratings_of(player).await.map_err(|error| app.refuse(error))?;
    let stats = app.standings.stats_of(player, None).await.map_err(|error| app.refuse(error))?;
    let ticket = app.matchmaking.live_of(player).await.map_err(|error| app.refuse(error))?;
    let invites = app.games.invites_of(player).await.map_err(|error| app.refuse(error))?;
    Ok(ExportDto {
        exported_at: now,
        player: OwnPlayerDto::from(&own.player),
        sessions: own.sessions.iter().map(|session| SessionDto::of(session, caller.session)).collect(),
        relations: relations.iter().map(|relation| ExportedRelationDto::of(relation, player, now)).collect(),
        friend_links: links.iter().map(|link| FriendLinkDto::of(link, "")).collect(),
        ratings: ratings.iter().map(RatingDto::from).collect(),
        stats: StatsDto::from(&stats),
        ticket_id: ticket.map(|ticket| ticket.id),
        game_invites: invites
            .iter()
            .map(|(game, invite)| json!({ "id": invite.id, "game_id": game.id, "from": invite.from, "to": invite.to }))
            .collect(),
    })
}

/// A game as the player has it: what the player said about it included.
fn exported(game: &Game, player: PlayerId, shown: &GameDto) -> Value {
    let mut game_said = json!(shown);
    let said = game.evidence.iter().filter(|evidence| evidence.player_id == player);
    let declined = game.invites.iter().filter(|invite| invite.to == Some(player));
    let report = game.report_of(player);
    game_said["yours"] = json!({
        "report": report.map(|report| json!({
            "score": report.score, "outcome": report.outcome, "duration_ms": report.duration_ms, "payload": report.payload,
        })),
        "statements": said.map(|said| json!({ "reason": said.reason, "evidence": said.evidence, "at": said.at })).collect::<Vec<_>>(),
        "declined": declined.filter_map(|invite| invite.reason.as_deref()).collect::<Vec<_>>(),
    });
    game_said
}

async fn page(
    app: &App,
    player: PlayerId,
    after: Option<HistoryPosition>,
) -> Result<(String, Option<HistoryPosition>), Problem> {
    let page = app.games.history(player, HistoryFilter::default(), after, PageLimit::MOST).await;
    let page = page.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(page.items.iter().flat_map(|game| &game.players).map(|p| p.player_id)).await?;
    // A history's games come without what was said about them.
    let ids: Vec<GameId> = page.items.iter().map(|game| game.id).collect();
    let whole = app.games.look_at(&ids).await.map_err(|error| app.refuse(error))?;
    let whole: HashMap<GameId, Game> = whole.into_iter().map(|game| (game.id, game)).collect();
    let games = page.items.iter().map(|game| {
        let shown = GameDto::of(game, Some(player), &names);
        exported(whole.get(&game.id).unwrap_or(game), player, &shown)
    });
    let lines: Vec<String> = games.map(|game| text(&game)).collect();
    Ok((lines.join(",\n"), page.next))
}

/// Where the document is.
enum Part {
    Head(String),
    Games { after: Option<HistoryPosition>, first: bool },
    End,
}

/// Everything that is kept about you, as one JSON document.
#[utoipa::path(operation_id = "export_me", tag = "players", security(("bearer" = [])), responses(
    (status = 200, description = "The document; `games` holds your whole history, and what you said about each game", body = ExportDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/players/me/export")]
pub(crate) async fn export(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, Problem> {
    let player = caller.player;
    let mut head = text(&beside_games(&app, &caller).await?);
    // The closing brace comes after the games, which are written page by page: never more of them are in memory.
    head.pop();
    head.push_str(",\"games\":[\n");
    let parts = stream::unfold(Some(Part::Head(head)), move |part| {
        let app = app.clone();
        async move {
            Some(match part? {
                Part::Head(head) => (Ok(head), Some(Part::Games { after: None, first: true })),
                Part::Games { after, first } => match page(&app, player, after).await {
                    Ok((games, next)) => {
                        let comma = if first || games.is_empty() { "" } else { ",\n" };
                        let then = if next.is_some() { Part::Games { after: next, first: false } } else { Part::End };
                        (Ok(format!("{comma}{games}")), Some(then))
                    }
                    // The client sees the answer break off, not a document that seems whole.
                    Err(problem) => (Err(std::io::Error::other(problem.to_string())), None),
                },
                Part::End => (Ok(String::from("\n]}\n")), None),
            })
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"shallweplay-export.json\""))
        .streaming(parts.map(|part: Result<String, std::io::Error>| part.map(Bytes::from))))
}
