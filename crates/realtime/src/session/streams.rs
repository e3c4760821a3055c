use std::sync::Arc;

use kernel::{StreamHead, StreamKey, Timestamp};

use super::{Phase, Session};
use crate::close::CloseCode;
use crate::event::RenderedEvent;
use crate::follow::{Follow, Sent};
use crate::frame::{ServerFrame, Told};
use crate::json::Json;
use crate::port::{Effect, Effects};
use crate::resume::{Attached, Position, Start, Wanted};

impl Session {
    /// A live event: sent at once if it is the next of its stream.
    pub(super) fn durable(&mut self, event: Arc<RenderedEvent>, now: Timestamp, out: &mut Effects) {
        let Some(index) = self.index(event.stream()) else { return };
        let mut sent = Sent::new();
        let follow = &mut self.follows[index];
        if follow.live(event, self.config.max_held, &mut sent) {
            out.push(Effect::CatchUp(follow.wanted()));
        }
        let opened = self.send_events(sent, now, out);
        self.follow_opened(opened, now, out);
    }

    pub(super) fn head(&mut self, head: &StreamHead, out: &mut Effects) {
        if let Some(index) = self.index(&head.stream)
            && self.follows[index].hint(head)
        {
            out.push(Effect::CatchUp(self.follows[index].wanted()));
        }
    }

    pub(super) fn attached(&mut self, answers: Vec<Attached>, now: Timestamp, out: &mut Effects) {
        if matches!(self.phase, Phase::Attaching(_)) {
            return self.hello_attached(answers, now, out);
        }
        for answer in answers {
            let Some(index) = self.index(&answer.stream) else { continue };
            let follow = &mut self.follows[index];
            if !follow.is_reading() {
                // Left over from before the stream was left and followed anew: worth no more than a hint.
                let head = StreamHead { stream: answer.stream, epoch: answer.epoch, top: answer.top };
                self.head(&head, out);
                continue;
            }
            let first = follow.position().is_none();
            let mut sent = Sent::new();
            let lost = follow.answer(&answer, &mut sent);
            let position = follow.position();
            let progressed = first || lost || !sent.is_empty();
            let mut opened = self.send_events(sent, now, out);
            if lost {
                self.tell(&answer.stream, position);
                self.send(ServerFrame::Resync { stream: &answer.stream, position, at: now }, out);
            }
            opened.append(&mut self.settle(&answer.stream, progressed, now, out));
            self.follow_opened(opened, now, out);
        }
    }

    pub(super) fn attach_failed(&mut self, streams: &[StreamKey], problem: &Json, now: Timestamp, out: &mut Effects) {
        if matches!(self.phase, Phase::Attaching(_)) {
            return self.hello_failed(problem, CloseCode::Overloaded, out);
        }
        for stream in streams {
            if let Some(index) = self.index(stream) {
                self.follows[index].failed(now);
            }
        }
    }

    /// Places what was held back in every stream, right after the hello.
    pub(super) fn settle_all(&mut self, now: Timestamp, out: &mut Effects) {
        let keys: Vec<_> = self.follows.iter().map(|follow| follow.key().clone()).collect();
        for key in keys {
            let opened = self.settle(&key, true, now, out);
            self.follow_opened(opened, now, out);
        }
    }

    /// Places what was held back in one stream; says which streams the sent events open.
    fn settle(&mut self, stream: &StreamKey, progressed: bool, now: Timestamp, out: &mut Effects) -> Vec<StreamKey> {
        let Some(index) = self.index(stream) else { return Vec::new() };
        let mut sent = Sent::new();
        let again = self.follows[index].settle(progressed, now, &mut sent).then(|| self.follows[index].wanted());
        let opened = self.send_events(sent, now, out);
        out.extend(again.map(Effect::CatchUp));
        opened
    }

    /// Sends events of streams that are followed; says which streams they open.
    pub(super) fn send_events(&mut self, events: Sent, now: Timestamp, out: &mut Effects) -> Vec<StreamKey> {
        let mut opened = Vec::new();
        for event in &events {
            if let Some(index) = self.index(event.stream()) {
                self.follows[index].told = Some(event.position());
            }
            self.send(ServerFrame::Durable { event, told: Told(&self.follows) }, out);
            opened.extend(event.opens().cloned());
            let ends_at = event.closes().then(|| now.plus_millis(self.config.linger_ms));
            self.touch(event.stream(), ends_at);
        }
        opened
    }

    /// Moves a stream to the recently active end; its own stays first.
    fn touch(&mut self, stream: &StreamKey, ends_at: Option<Timestamp>) {
        if let Some(index) = self.index(stream).filter(|index| *index > 0) {
            self.follows[index].ends_at = self.follows[index].ends_at.or(ends_at);
            self.follows[index..].rotate_left(1);
        }
    }

    /// Games are followed from the event that names them, and from their first event on: between it and now others
    /// may have moved.
    pub(super) fn follow_opened(&mut self, opened: Vec<StreamKey>, now: Timestamp, out: &mut Effects) {
        for stream in opened {
            self.follow(stream, Start::Beginning, now, out);
        }
    }

    pub(super) fn follow(&mut self, stream: StreamKey, start: Start, now: Timestamp, out: &mut Effects) {
        if !matches!(self.phase, Phase::Open) || self.index(&stream).is_some() {
            return;
        }
        if self.follows.len() >= self.config.max_streams.max(2) {
            self.drop_follow(1, now, out);
        }
        out.push(Effect::Attach(vec![Wanted { stream: stream.clone(), start }]));
        self.follows.push(Follow::new(stream, start));
    }

    /// Stops following for want of room, and says so: the client must not wait for events that never come.
    fn drop_follow(&mut self, index: usize, now: Timestamp, out: &mut Effects) {
        let stream = self.follows.remove(index).key().clone();
        self.send(ServerFrame::Resync { stream: &stream, position: None, at: now }, out);
        out.push(Effect::Detach(stream));
    }

    pub(super) fn unfollow(&mut self, stream: &StreamKey, out: &mut Effects) {
        // Before the session is open, the hello counts on every stream it asked for.
        if let Some(index) = self.index(stream).filter(|index| *index > 0 && matches!(self.phase, Phase::Open)) {
            self.follows.remove(index);
            out.push(Effect::Detach(stream.clone()));
        }
    }

    /// Repeats reads whose pause is over and leaves streams that are long over.
    pub(super) fn due_streams(&mut self, now: Timestamp, out: &mut Effects) {
        for follow in &mut self.follows {
            if follow.retry_due(now) {
                out.push(Effect::CatchUp(follow.wanted()));
            }
        }
        let over = |follow: &Follow| follow.ends_at.is_some_and(|at| at <= now);
        while let Some(index) = self.follows.iter().position(over) {
            out.push(Effect::Detach(self.follows.remove(index).key().clone()));
        }
    }

    /// From here on nothing before this position is owed to the client.
    pub(super) fn tell(&mut self, stream: &StreamKey, position: Option<Position>) {
        if let Some(index) = self.index(stream) {
            self.follows[index].told = position;
        }
    }

    fn index(&self, stream: &StreamKey) -> Option<usize> {
        self.follows.iter().position(|follow| follow.key() == stream)
    }
}
