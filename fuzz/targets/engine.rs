//! A transport session under any order of posts, polls, probes, frames and time: it never panics, bounds what waits, and
//! carries each message once, in order, or ends.
#![no_main]

use bytestring::ByteString;
use kernel::Timestamp;
use libfuzzer_sys::fuzz_target;
use realtime::engine_io::{End, Engine, EngineConfig, Frame, Packet};

const CONFIG: EngineConfig =
    EngineConfig { ping_interval_ms: 300, ping_timeout_ms: 200, upgrade_ms: 1_000, max_payload: 4_096 };

struct Peer {
    engine: Engine,
    now: Timestamp,
    sent: u32,
    received: u32,
}

impl Peer {
    /// What this side says, as a client would read it; only messages are counted.
    fn receive(&mut self, packet: &str) {
        if let Some(number) = packet.strip_prefix('4') {
            assert_eq!(number.parse::<u32>(), Ok(self.received), "messages come once each, in order");
            self.received += 1;
        }
    }

    fn post(&mut self, body: &ByteString) {
        let Ok(()) = self.engine.begin_post() else { return };
        if let Some(packets) = Packet::read_payload(body) {
            self.take(packets);
        }
        self.engine.end_post();
    }

    fn take(&mut self, packets: Vec<Packet>) {
        let ended = self.engine.ended().is_some();
        let taken = self.engine.take(packets, self.now);
        assert!(!ended || taken.is_err() || taken.is_ok_and(|heard| heard.is_empty()), "who has ended hears nothing");
    }

    fn step(&mut self, op: u8, text: &ByteString) {
        match op % 12 {
            0 => self.post(text),
            1 => _ = self.engine.begin_poll(),
            2 => {
                let body = self.engine.poll_body(self.now);
                body.iter().flat_map(|body| body.split('\u{1e}')).for_each(|packet| self.receive(packet));
            }
            3 => self.engine.cancel_poll(),
            4 => _ = self.engine.begin_probe(self.now),
            5 => {
                if let Some(packet) = Packet::read(text) {
                    _ = self.engine.probe(&packet);
                }
            }
            6 => self.engine.abandon_probe(),
            7 => {
                if let Some(Frame::Text(frame)) = self.engine.next_frame(self.now) {
                    self.receive(&frame);
                }
            }
            8 => {
                self.engine.send(Packet::Text(self.sent.to_string().into()), self.now);
                self.sent += u32::from(self.engine.ended().is_none());
            }
            9 => {
                self.now = self.now.plus_millis(i64::try_from(text.len()).unwrap_or(0) * 20);
                self.engine.tick(self.now);
            }
            10 => {
                if let Some(packet) = Packet::read(text) {
                    self.take(vec![packet]);
                }
            }
            _ => self.engine.end(End::Lost),
        }
        assert!(self.received <= self.sent, "nothing comes that wasn't sent");
        if self.engine.ended().is_some() {
            assert_eq!(self.engine.wake_at(), None, "what has ended wants no more time");
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let now = Timestamp::from_millis(1_700_000_000_000);
    let engine = if first % 2 == 0 { Engine::polling(CONFIG, now) } else { Engine::websocket(CONFIG, now) };
    let mut peer = Peer { engine, now, sent: 0, received: 0 };
    // Each step: what is done, and the text it is done with, up to the next line.
    for line in rest.split(|byte| *byte == b'\n').take(256) {
        let Some((op, text)) = line.split_first() else { continue };
        let Ok(text) = std::str::from_utf8(text) else { continue };
        peer.step(*op, &text.into());
    }
});
