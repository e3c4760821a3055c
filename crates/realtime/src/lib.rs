//! Realtime without I/O: the machine behind every socket, the hub between sockets, and resume.
//!
//! - A [`Session`] is a machine: [`handle(Input, now)`](Session::handle) answers with [`Effect`]s. It knows neither
//!   HTTP nor a runtime; the edge carries frames to it and carries out what it asks for, in order.
//! - A [`Codec`] gives frames their form on the wire; [`V1`] is the native protocol, [`SocketIo`](socket_io::SocketIo)
//!   another on the same machine, over the transport of [`engine_io`].
//! - The [`Hub`] knows which sockets of this replica follow which stream. A durable event is written once
//!   ([`RenderedEvent`]) and shared by all of them.
//! - [`resume`] decides from a stream's rows whether a client can go on where it was.
//!
//! **What holds.** Each request's `id` is answered once. Each stream reaches the client gapless and in order, or the
//! client is told by `session.resync` that it wasn't; what the bus lost or doubled doesn't show. What is held back or
//! waits is bounded. A slow socket is closed and never slows another.
//!
//! **How an edge uses it.** On [`Effect::SignIn`] it checks the credentials and [registers](Hub::register) the socket;
//! on [`Effect::Attach`] it first [subscribes](Hub::subscribe), then reads with [`resume::attach`]. Rows that the outbox
//! relay appended go over the bus to every replica, there through [`Hub::followed`], an [`EventRenderer`] and
//! [`Hub::deliver`]. Because the bus may lose, every replica compares the heads of its [`Hub::local_streams`] with the
//! store now and then and gives them to [`Hub::hint`].
//!
//! ```
//! use std::sync::Arc;
//! use kernel::{Refusal, Timestamp};
//! use shallweplay_realtime::{CloseCode, Effect, Input, Json, Session, SessionConfig};
//!
//! let problem = |refusal: &dyn Refusal| Json::from_value(&refusal.code().into());
//! let config = Arc::new(SessionConfig::new(["matchmaking.join"], problem));
//! let opened = Timestamp::from_millis(1_700_000_000_000);
//! let mut session = Session::new(config, opened);
//! let early = session.handle(Input::Text(r#"{"id":"c1","type":"matchmaking.join"}"#.into()), opened);
//! assert_eq!(early, [Effect::Send(r#"{"re":"c1","ok":false,"error":"session.not_signed_in"}"#.into())]);
//! let late = session.handle(Input::Tick, opened.plus_millis(5_000));
//! assert_eq!(late, [Effect::Close(CloseCode::NoHello)]);
//! ```

mod close;
mod codec;
mod config;
pub mod engine_io;
mod error;
mod event;
mod follow;
mod frame;
mod hub;
mod json;
mod limits;
mod port;
pub mod resume;
mod session;
pub mod socket_io;
mod volatile;

pub use close::CloseCode;
pub use codec::{Codec, V1};
pub use config::{ProblemWriter, SessionConfig};
pub use error::RealtimeError;
pub use event::{EventRenderer, PlainRenderer, RenderedEvent, RenderedVolatile, opens, wire_name};
pub use frame::{BadFrame, ClientFrame, FrameId, ServerFrame, Token, Told};
pub use hub::{Delivery, Full, Hub, HubStats, Outlet, SocketId, Topic};
pub use json::Json;
pub use port::{CallId, Effect, Effects, Fault, Input, Request, SignInFailure, Signal, SignedIn};
pub use resume::{Attached, Position, Start, Wanted};
pub use session::Session;
pub use volatile::{Numbering, VolatileMessage};
