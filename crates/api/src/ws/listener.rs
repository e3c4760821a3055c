//! What a connection needs before the first byte: bounded buffers, an end for peers that don't read, and a way to cut
//! it off.

use std::any::Any;
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};

/// What the kernel keeps for a peer, in bytes. Linux doubles it for its own use.
const SEND_BUFFER: usize = 128 * 1_024;
/// How long sent bytes may stay unacknowledged, or a peer's window closed.
const USER_TIMEOUT: Duration = Duration::from_secs(15);

/// A second hold on a connection. actix can't end one whose peer doesn't read: everything it has to say stands behind
/// what the kernel can't take. Lives as long as the connection; sockets hold it weakly.
pub(super) struct Lifeline(Socket);

impl Lifeline {
    /// Ends the connection now, whatever waits.
    pub(super) fn cut(&self) {
        // Fails only on a connection that has ended already.
        _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Prepares a new connection.
pub(crate) fn tune(io: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = io.downcast_ref::<TcpStream>() else { return };
    let socket = SockRef::from(stream);
    let tuned = socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_send_buffer_size(SEND_BUFFER))
        .and_then(|()| set_user_timeout(&socket));
    match tuned.and_then(|()| socket.try_clone()) {
        Ok(second) => _ = extensions.insert(Rc::new(Lifeline(second))),
        Err(error) => tracing::debug!(%error, "a new connection could not be prepared"),
    }
}

#[cfg(target_os = "linux")]
fn set_user_timeout(socket: &SockRef<'_>) -> std::io::Result<()> {
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))
}

/// Elsewhere the heartbeat has to do: laptops don't face such peers.
#[cfg(not(target_os = "linux"))]
fn set_user_timeout(_: &SockRef<'_>) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_new_connection_is_tuned_and_can_be_cut() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("has an address");
        let (mut client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (stream, _) = accepted.expect("accepts");
        let mut extensions = Extensions::new();
        tune(&stream, &mut extensions);
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().expect("answers"));
        assert!(socket.send_buffer_size().expect("answers") <= 2 * SEND_BUFFER);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().expect("answers"), Some(USER_TIMEOUT));
        extensions.get::<Rc<Lifeline>>().expect("is there").cut();
        let client = client.as_mut().expect("connects");
        let mut byte = [0; 1];
        assert_eq!(tokio::io::AsyncReadExt::read(client, &mut byte).await.expect("reads"), 0, "it has ended");
    }
}
