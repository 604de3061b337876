//! The socket of one connection. Notes whether its client sends and reads, and closes it so that an early answer
//! arrives.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::http::socket_phase::{Phase, SocketPhase};

/// Most bytes that are discarded after an early answer.
const MOST_DISCARDED: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub struct ClientStream {
    stream: TcpStream,
    socket: Arc<SocketPhase>,
    is_shut_down: bool,
    discarded: usize,
}

impl ClientStream {
    pub fn new(stream: TcpStream, socket: Arc<SocketPhase>) -> ClientStream {
        ClientStream { stream, socket, is_shut_down: false, discarded: 0 }
    }

    fn note_write(&self, written: &Poll<io::Result<usize>>) {
        if written.is_pending() {
            self.socket.enter_from(&[Phase::Answering, Phase::Idle], Phase::Writing);
        }
    }

    /// Reads on while the client still sends: closing a socket with unread bytes resets it, and the client may never
    /// see the answer.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut scratch = [0; 8 * 1024];
        while self.discarded < MOST_DISCARDED {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.discarded += buffer.filled().len(),
                // The end, or a client that is gone.
                Poll::Ready(_) => break,
                Poll::Pending if self.discarded == 0 => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.socket.enter_from(&[Phase::Silent, Phase::Idle], Phase::Head);
        }
        read
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Asked for when everything was written.
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.socket.enter_from(&[Phase::Answering, Phase::Writing], Phase::Idle);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut_down {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            self.is_shut_down = true;
            self.socket.enter(Phase::Closing);
        }
        self.poll_discard(context)
    }
}
