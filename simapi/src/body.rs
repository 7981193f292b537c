//! The body of an answer: whole, cut off, or a stream of lines.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use futures::stream::BoxStream;
use http_body::{Body, Frame};
use tower::BoxError;

use crate::service::Broken;

/// The body of an answer.
pub struct SimBody(Kind);

enum Kind {
    Whole(Option<Bytes>),
    Cut(Option<Bytes>),
    Streamed(BoxStream<'static, Result<Bytes, BoxError>>),
}

impl SimBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole(Some(bytes)))
    }

    /// These bytes, then the connection breaks.
    pub(crate) fn cut(bytes: Bytes) -> Self {
        Self(Kind::Cut(Some(bytes)))
    }

    pub(crate) fn streamed(stream: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static) -> Self {
        Self(Kind::Streamed(Box::pin(stream)))
    }
}

impl Body for SimBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().filter(|b| !b.is_empty()).map(|b| Ok(Frame::data(b)))),
            Kind::Cut(bytes) => Poll::Ready(match bytes.take().filter(|b| !b.is_empty()) {
                Some(bytes) => Some(Ok(Frame::data(bytes))),
                None => Some(Err(Broken.into())),
            }),
            Kind::Streamed(stream) => stream.as_mut().poll_next(cx).map(|item| item.map(|item| item.map(Frame::data))),
        }
    }
}
