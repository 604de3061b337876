//! Outgoing webhooks, as the Standard Webhooks specification describes them: our events, delivered to other people's
//! servers. The store writes the events in the transaction of each change; `expand` makes their deliveries, `deliver`
//! sends them.

pub mod deliver;
pub mod endpoints;
pub mod expand;
mod secrets;
pub mod signature;
