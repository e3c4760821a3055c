//! Socket.IO, protocol 5, on the session's machine: another form of the same frames.
//!
//! | Socket.IO | here |
//! |---|---|
//! | CONNECT with `auth` | `session.hello`; `pid` and `offset` are its `resume` |
//! | its answer | CONNECT with `sid` and `pid`, then the event `session.hello`; a refusal is a CONNECT_ERROR |
//! | an event, with or without ack | a request, with or without `id`; `(data, {key}?)` |
//! | an ack | the reply: one argument `{ok, data}` or `{ok, error}` |
//! | a durable event | `(data, {stream, epoch, offset, at}, offset)`: the last one is for the client's own recovery |
//! | a volatile event | `(data, {at})` |
//!
//! The client gives its last `offset` back when it comes again. It holds its place in every stream, so nothing needs to
//! be remembered here, and any replica can go on.

mod codec;
mod packet;

pub use self::codec::SocketIo;
pub(crate) use self::codec::{durable, volatile};
pub use self::packet::{Assembler, Kind, NoPacket, Packet, attach};

/// Between the packets of one text: a reply may be several. It can't stand in JSON as it is.
pub const BETWEEN: char = '\u{1e}';
