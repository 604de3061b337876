//! The value of one field.

use serde_json::Value;

use crate::world::tables::Node;

pub(crate) enum FieldValue {
    Plain(Value),
    /// Another node, with the fields to show if none are selected.
    Node(Node, &'static [&'static str]),
    /// A known field that this node does not have or this person must not see.
    Absent,
    Unknown,
}
