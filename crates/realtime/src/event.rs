use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytestring::ByteString;
use kernel::{GameId, StreamEvent, StreamKey, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::json::quote;
use crate::resume::Position;
use crate::socket_io;

/// The name of a stream on the wire. Nobody follows another player's stream, so a player's own is just `player` and one
/// text serves every socket.
#[must_use]
pub fn wire_name(stream: &StreamKey) -> &str {
    let text = stream.as_str();
    if text.starts_with("player:") { "player" } else { text }
}

/// A durable event as it goes out: written **once** and shared by every socket that follows its stream.
#[derive(Debug)]
pub struct RenderedEvent {
    stream: StreamKey,
    epoch: Uuid,
    offset: i64,
    kind: Cow<'static, str>,
    frame: ByteString,
    data_from: usize,
    at: Timestamp,
    socket_io: OnceLock<ByteString>,
    opens: Option<StreamKey>,
    closes: bool,
}

impl RenderedEvent {
    /// Writes an event whose names have been resolved into `data`.
    #[must_use]
    pub fn new(event: &StreamEvent, data: &Value) -> Self {
        let mut frame = String::with_capacity(192);
        frame.push_str("{\"type\":");
        quote(&mut frame, &event.kind);
        frame.push_str(",\"stream\":");
        quote(&mut frame, wire_name(&event.stream));
        // Writing to a String can't fail.
        let _ = write!(
            frame,
            ",\"epoch\":\"{}\",\"offset\":{},\"at\":\"{}\",\"data\":",
            event.epoch, event.offset, event.at
        );
        let data_from = frame.len();
        let _ = write!(frame, "{data}}}");
        frame.shrink_to_fit();
        Self {
            stream: event.stream.clone(),
            epoch: event.epoch,
            offset: event.offset,
            kind: event.kind.clone(),
            frame: frame.into(),
            data_from,
            at: event.at,
            socket_io: OnceLock::new(),
            opens: opens(&event.kind, data),
            closes: matches!(&*event.kind, "game.settled" | "game.voided"),
        }
    }

    /// Its stream.
    #[must_use]
    pub const fn stream(&self) -> &StreamKey {
        &self.stream
    }

    /// Where it stands in its stream.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position { epoch: self.epoch, offset: self.offset }
    }

    /// Its kind, such as `match.found`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The whole frame of the native protocol.
    #[must_use]
    pub const fn frame(&self) -> &ByteString {
        &self.frame
    }

    /// As Socket.IO has it, but for the last argument, which every client has its own: written once, too.
    pub(crate) fn socket_io(&self) -> &ByteString {
        self.socket_io.get_or_init(|| {
            socket_io::durable(&self.kind, self.data(), &self.stream, self.position(), &self.at.to_string())
        })
    }

    /// The text of its `data`, a part of [`frame`](Self::frame): what other codecs wrap in their own way.
    #[must_use]
    pub fn data(&self) -> &str {
        &self.frame[self.data_from..self.frame.len() - 1]
    }

    /// The stream whose following begins with this event: the game of `match.found` and `game.started`.
    pub(crate) const fn opens(&self) -> Option<&StreamKey> {
        self.opens.as_ref()
    }

    /// Whether little can come after it in its stream.
    pub(crate) const fn closes(&self) -> bool {
        self.closes
    }
}

/// The stream whose following begins with an event of this kind with this data, rendered or as the domain wrote it.
#[must_use]
pub fn opens(kind: &str, data: &Value) -> Option<StreamKey> {
    if !matches!(kind, "match.found" | "game.started") {
        return None;
    }
    let id = data.pointer("/game/id").or_else(|| data.get("game_id"))?.as_str()?;
    id.parse::<GameId>().ok().map(StreamKey::game)
}

/// A volatile event as it goes out, written once.
#[derive(Debug)]
pub struct RenderedVolatile {
    stream: Option<StreamKey>,
    kind: Cow<'static, str>,
    frame: ByteString,
    data_from: usize,
    at: Timestamp,
    socket_io: OnceLock<ByteString>,
}

impl RenderedVolatile {
    /// Writes a volatile event for those who follow `stream`.
    #[must_use]
    pub fn new(stream: StreamKey, kind: impl Into<Cow<'static, str>>, at: Timestamp, data: &Value) -> Self {
        Self { stream: Some(stream), ..Self::of_topic(kind, at, data) }
    }

    /// Writes a volatile event for those who watch a [`Topic`](crate::Topic), whatever streams they follow.
    #[must_use]
    pub fn of_topic(kind: impl Into<Cow<'static, str>>, at: Timestamp, data: &Value) -> Self {
        let kind = kind.into();
        let mut frame = String::with_capacity(128);
        frame.push_str("{\"type\":");
        quote(&mut frame, &kind);
        let _ = write!(frame, ",\"at\":\"{at}\",\"data\":");
        let data_from = frame.len();
        let _ = write!(frame, "{data}}}");
        frame.shrink_to_fit();
        Self { stream: None, kind, frame: frame.into(), data_from, at, socket_io: OnceLock::new() }
    }

    /// Whose followers get it; `None` for a topic's watchers.
    #[must_use]
    pub const fn stream(&self) -> Option<&StreamKey> {
        self.stream.as_ref()
    }

    /// Its kind, such as `game.relayed`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The whole frame of the native protocol.
    #[must_use]
    pub const fn frame(&self) -> &ByteString {
        &self.frame
    }

    /// As Socket.IO has it: written once, too.
    pub(crate) fn socket_io(&self) -> &ByteString {
        self.socket_io.get_or_init(|| socket_io::volatile(&self.kind, self.data(), &self.at.to_string()))
    }

    /// The text of its `data`.
    #[must_use]
    pub fn data(&self) -> &str {
        &self.frame[self.data_from..self.frame.len() - 1]
    }
}

/// Turns rows of streams, which hold ids only, into what clients see.
///
/// The answer has exactly one event per row, in the same order. Names that can't be looked up now are left out rather
/// than failing: the event itself must go out. Kinds it doesn't know are rendered with their data as it is.
#[async_trait]
pub trait EventRenderer: Send + Sync {
    /// Renders these rows; the look-ups of all of them go in one batch.
    async fn render(&self, events: &[StreamEvent]) -> Vec<Arc<RenderedEvent>>;
}

/// Renders every event with its data as stored: for embedders whose events need no names, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainRenderer;

#[async_trait]
impl EventRenderer for PlainRenderer {
    async fn render(&self, events: &[StreamEvent]) -> Vec<Arc<RenderedEvent>> {
        events.iter().map(|event| Arc::new(RenderedEvent::new(event, &event.data))).collect()
    }
}

#[cfg(test)]
mod tests {
    use kernel::{EventId, PlayerId};
    use serde_json::json;

    use super::*;

    fn row(stream: StreamKey, kind: &'static str, data: Value) -> StreamEvent {
        let (epoch, event_id) = (Uuid::from_u128(7), EventId::new(Uuid::from_u128(8)));
        let at = Timestamp::from_millis(1_700_000_000_250);
        StreamEvent { stream, epoch, offset: 58, event_id, kind: kind.into(), data, at }
    }

    #[test]
    fn a_frame_is_the_contract_to_the_letter() {
        let player = StreamKey::player(PlayerId::new(Uuid::from_u128(1)));
        let event = row(player, "match.found", json!({"ticket_id": "t"}));
        let rendered = RenderedEvent::new(&event, &event.data);
        assert_eq!(
            &**rendered.frame(),
            "{\"type\":\"match.found\",\"stream\":\"player\",\"epoch\":\"00000000-0000-0000-0000-000000000007\",\
             \"offset\":58,\"at\":\"2023-11-14T22:13:20.250Z\",\"data\":{\"ticket_id\":\"t\"}}"
        );
        assert_eq!(rendered.data(), "{\"ticket_id\":\"t\"}");
    }

    #[test]
    fn a_game_is_followed_from_the_event_that_names_it() {
        let game = GameId::new(Uuid::from_u128(9));
        let player = StreamKey::player(PlayerId::new(Uuid::from_u128(1)));
        for (kind, data, expected) in [
            ("match.found", json!({"game": {"id": game.to_string()}}), Some(StreamKey::game(game))),
            ("game.started", json!({"game_id": game.to_string()}), Some(StreamKey::game(game))),
            ("game.started", json!({"game": {"id": "no id"}}), None),
            ("game.invited", json!({"game_id": game.to_string()}), None),
        ] {
            let event = row(player.clone(), kind, data);
            assert_eq!(RenderedEvent::new(&event, &event.data).opens(), expected.as_ref(), "{kind}");
        }
    }

    #[test]
    fn a_games_stream_keeps_its_name_and_odd_kinds_are_quoted() {
        let game = StreamKey::game(GameId::new(Uuid::from_u128(9)));
        let event = row(game.clone(), "odd\"kind", json!([1]));
        let rendered = RenderedEvent::new(&event, &event.data);
        let frame: Value = serde_json::from_str(rendered.frame()).expect("is JSON");
        assert_eq!(frame["stream"], game.as_str());
        assert_eq!(frame["type"], "odd\"kind");
    }
}
