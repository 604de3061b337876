//! Every way Meta may go wrong under a connect, by file.

mod answers;
mod interleaved;
mod outage;
mod reading;
mod tls;
