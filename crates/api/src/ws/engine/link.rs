use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytestring::ByteString;
use kernel::Clock;
use realtime::engine_io::{End, Heard as Raw, Packet};
use realtime::socket_io::{Assembler, BETWEEN, Kind, NoPacket, Packet as Said, attach};
use realtime::{CloseCode, Fault};
use tokio::time::Instant;

use super::super::sign_in::Known;
use super::super::socket::{self, Opening};
use super::super::transport::{FAREWELL, Heard, Transport};
use super::super::wire::Flow;
use super::pipe::Pipe;
use crate::app::App;

/// With more than this waiting, in bytes, nothing is taken in that could add to it.
const HIGH_WATER: usize = 32 * 1_024;
/// How long something may wait for the peer to fetch it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A session's way over Engine.IO: texts are packets of Socket.IO there.
struct Link {
    clock: Arc<dyn Clock>,
    pipe: Arc<Pipe>,
    assembler: Assembler,
    /// It was let in: a CONNECT was answered.
    joined: bool,
}

/// Lets a session serve it.
pub(super) fn serve(app: &Arc<App>, pipe: Arc<Pipe>, known: Option<Known>) -> bool {
    let Some(seat) = app.sockets.seat().filter(|_| !app.health.is_draining()) else { return false };
    let config = Arc::clone(&app.sockets.socket_io);
    let assembler = Assembler::new(config.max_message_bytes);
    let transport = Box::new(Link { clock: Arc::clone(&app.clock), pipe, assembler, joined: false });
    socket::open(Opening { app: Arc::clone(app), seat, transport, config }, known);
    true
}

impl Link {
    /// What a packet means to the session; `None` means nothing to it.
    fn take(&mut self, packet: Result<Option<Said>, NoPacket>) -> Option<Heard> {
        let Ok(packet) = packet else { return Some(Heard::Fault(Fault::Protocol)) };
        let packet = packet?;
        match (packet.kind, &*packet.namespace) {
            // To what was never asked.
            (Kind::Ack, _) => None,
            (Kind::Disconnect, "/") => Some(Heard::Gone),
            (_, "/") => Some(packet.inline().map_or(Heard::Fault(Fault::Protocol), Heard::Text)),
            (Kind::Connect, _) => {
                let payload = ByteString::from_static("{\"message\":\"Invalid namespace\"}");
                let refusal = Said { kind: Kind::ConnectError, id: None, payload, ..packet };
                self.pipe.send([Packet::Text(refusal.write().0)]);
                None
            }
            // Of a namespace that nobody is in.
            _ => Some(Heard::Fault(Fault::Protocol)),
        }
    }
}

impl Transport for Link {
    fn poll_flow(&mut self, cx: &mut Context<'_>) -> Flow {
        if self.pipe.poll_waiting(cx) > HIGH_WATER { Flow::Congested } else { Flow::Free }
    }

    fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        loop {
            let Poll::Ready(raw) = self.pipe.poll_heard(cx) else { return Poll::Pending };
            let packet = match raw {
                Some(Raw::Text(text)) => self.assembler.text(&text),
                Some(Raw::Binary(bytes)) => self.assembler.binary(bytes),
                Some(Raw::Life) => return Poll::Ready(Heard::Control),
                None => return Poll::Ready(Heard::Gone),
            };
            if let Some(heard) = self.take(packet) {
                return Poll::Ready(heard);
            }
        }
    }

    fn send(&mut self, text: ByteString) {
        let packets = text.split(BETWEEN).filter(|packet| !packet.is_empty()).flat_map(|packet| {
            let (text, attachments) = attach(text.slice_ref(packet));
            std::iter::once(Packet::Text(text)).chain(attachments.into_iter().map(Packet::Binary))
        });
        self.joined |= text.starts_with('0');
        self.pipe.send(packets);
    }

    fn close(&mut self, code: CloseCode) {
        // A client that is told so doesn't come back by itself; one whose connection just ends does.
        if self.joined && code.is_final() {
            self.pipe.send([Packet::Text(ByteString::from_static("1"))]);
        }
        self.pipe.end(End::Server(code));
    }

    fn stuck_at(&self) -> Option<Instant> {
        let since = self.pipe.times().0?;
        Some(Instant::now() + PATIENCE.saturating_sub(self.clock.now().since(since)))
    }

    fn wake_at(&self) -> Option<Instant> {
        let wake_at = self.pipe.times().1?;
        Some(Instant::now() + wake_at.since(self.clock.now()))
    }

    fn see_off(self: Box<Self>) {
        actix_web::rt::spawn(async move {
            // Fetched or not, that was it.
            _ = tokio::time::timeout(FAREWELL, poll_fn(|cx| self.pipe.poll_over(cx))).await;
            self.pipe.leave();
        });
    }
}
