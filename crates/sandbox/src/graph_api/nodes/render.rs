//! Renders nodes and edges as JSON: the selected fields, and the nodes and edges nested in them.

use serde_json::{Map, Value};

use super::context::Context;
use super::edges::{self, Edge};
use super::field_value::FieldValue;
use super::fields::{default_fields, field_value, type_name};
use super::paging::{self, PageRequest};
use super::selection::Field;
use crate::graph_api::error::GraphError;
use crate::world::tables::Node;

pub(crate) fn render(context: &Context, node: Node, fields: Option<&[Field]>) -> Result<Value, GraphError> {
    let mut object = Map::new();
    match fields {
        Some(fields) if !fields.is_empty() => {
            for field in fields {
                if let Some(value) = render_field(context, node, field)? {
                    object.insert(field.name.clone(), value);
                }
            }
        }
        _ => insert_plain(context, node, default_fields(node), &mut object),
    }
    object.insert("id".to_owned(), context.shared.world.id(node).into());
    Ok(Value::Object(object))
}

/// `None`: this kind of node has no such edge.
pub(crate) fn edge(
    context: &Context,
    node: Node,
    name: &str,
    page: &PageRequest,
) -> Result<Option<Value>, GraphError> {
    match edges::read(context, node, name, page)? {
        Some(Edge::Nodes(rows)) => {
            let id = |row: Node| context.shared.world.id(row);
            let render_row = |row: Node| render(context, row, page.selection());
            paging::list(context, node, name, &rows, page, (id, render_row)).map(Some)
        }
        Some(Edge::Whole(value)) => Ok(Some(value)),
        None => Ok(None),
    }
}

fn insert_plain(context: &Context, node: Node, names: &[&str], object: &mut Map<String, Value>) {
    for name in names {
        if let FieldValue::Plain(value) = field_value(context, node, name) {
            object.insert((*name).to_owned(), value);
        }
    }
}

fn render_field(context: &Context, node: Node, field: &Field) -> Result<Option<Value>, GraphError> {
    match field_value(context, node, &field.name) {
        FieldValue::Plain(value) => Ok(Some(value)),
        FieldValue::Absent => Ok(None),
        FieldValue::Node(inner, defaults) => match &field.inner {
            Some(fields) => render(context, inner, Some(fields)).map(Some),
            None => {
                let mut object = Map::new();
                insert_plain(context, inner, defaults, &mut object);
                object.insert("id".to_owned(), context.shared.world.id(inner).into());
                Ok(Some(Value::Object(object)))
            }
        },
        FieldValue::Unknown => match edge(context, node, &field.name, &PageRequest::from_field(field)?)? {
            // Meta leaves out an expanded edge without rows.
            Some(list) if list["data"].as_array().is_some_and(Vec::is_empty) => Ok(None),
            Some(list) => Ok(Some(list)),
            None => Err(GraphError::nonexisting_field(&field.name, type_name(node))),
        },
    }
}
