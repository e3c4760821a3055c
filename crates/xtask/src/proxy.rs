//! A TCP proxy that takes the replicas in turn, as a cluster's service would.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Hands each connection to the next of `backends` (`host:port`) that takes
/// it. Runs until dropped.
pub(crate) async fn run(listener: TcpListener, backends: Vec<String>) {
    let backends: std::sync::Arc<[String]> = backends.into();
    let turn = AtomicUsize::new(0);
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let start = turn.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(carry(client, backends.clone(), start));
    }
}

async fn carry(mut client: TcpStream, backends: std::sync::Arc<[String]>, start: usize) {
    for offset in 0..backends.len() {
        if let Ok(mut backend) = TcpStream::connect(&backends[(start + offset) % backends.len()]).await {
            let _ = (client.set_nodelay(true), backend.set_nodelay(true));
            // Either side may hang up; the other sees it too.
            let _ = copy_bidirectional(&mut client, &mut backend).await;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn backend(name: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.write_all(name.as_bytes()).await.expect("a reader");
            }
        });
        address
    }

    async fn ask(proxy: &str) -> String {
        let mut answer = String::new();
        let mut stream = TcpStream::connect(proxy).await.expect("the proxy");
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer
    }

    #[tokio::test]
    async fn replicas_take_turns_and_a_dead_one_is_passed_over() {
        let dead = format!("127.0.0.1:{}", testkit::ports::free());
        let backends = vec![backend("one").await, backend("two").await, dead];
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy = listener.local_addr().expect("its address").to_string();
        tokio::spawn(run(listener, backends));
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(ask(&proxy).await);
        }
        assert_eq!(answers, ["one", "two", "one", "one"]);
    }
}
