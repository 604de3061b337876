//! Profile pictures: a small SVG with the initials.

use serde_json::{Value, json};

use crate::graph_api::error::GraphError;
use crate::graph_api::tokens::caller::{Caller, identify};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::state::shared::SharedState;
use crate::world::people::Person;
use crate::world::persona::Persona;

fn url(base: &str, person: &Person) -> String {
    format!("{base}/picture/{}.svg", person.persona.map_or("person", Persona::key))
}

/// The field `picture` of a person.
pub(crate) fn field(base: &str, person: &Person) -> Value {
    json!({"data": {"height": 50, "width": 50, "is_silhouette": false, "url": url(base, person)}})
}

/// `/{user-id}/picture`: a redirect, or JSON with `redirect=false`.
pub(crate) fn of_person(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    let person = match request.segment(0) {
        "me" => match identify(shared, request)? {
            Caller::User(auth) => Some(auth.person),
            Caller::App => None,
        },
        id => shared.world.person(id),
    };
    let Some(person) = person else {
        return Err(GraphError::unsupported("get", request.segment(0)));
    };
    let person = &shared.world.people[person];
    match request.params.get("redirect") {
        Some("false" | "0") => Ok(Reply::json(&field(&request.base, person))),
        _ => Ok(Reply::redirect(302, &url(&request.base, person))),
    }
}

pub(crate) fn file(file: &str) -> Result<Reply, GraphError> {
    let key = file.strip_suffix(".svg").unwrap_or(file);
    let (initials, hue) = match (Persona::from_key(key), key) {
        (Some(persona), _) => (initials(persona.name()), hue(persona)),
        (None, "person") => ("P".to_owned(), 60),
        (None, "business") => ("B".to_owned(), 40),
        (None, "page") => ("P".to_owned(), 90),
        (None, "instagram") => ("I".to_owned(), 320),
        _ => return Err(GraphError::unsupported("get", file)),
    };
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\" width=\"96\" height=\"96\">\
         <rect width=\"96\" height=\"96\" fill=\"hsl({hue} 35% 38%)\"/>\
         <text x=\"48\" y=\"61\" text-anchor=\"middle\" font-family=\"monospace\" font-size=\"36\" fill=\"#fff\">\
         {initials}</text></svg>"
    );
    Ok(Reply::text(200, "image/svg+xml", svg))
}

fn initials(name: &str) -> String {
    name.split(' ')
        .filter_map(|word| word.chars().next())
        .filter(|letter| letter.is_alphabetic())
        .take(2)
        .collect()
}

/// Only warm and green hues, so that nothing looks like Facebook.
fn hue(persona: Persona) -> usize {
    let place = Persona::ALL.into_iter().position(|other| other == persona);
    10 + place.unwrap_or(0) * 20
}
