//! The part of the dialog where a person selects ad accounts, Pages and businesses, if they have only a few.
//!
//! There are no scripts: the page contains one list per persona, and CSS shows that of the chosen persona.

use std::fmt::Write;

use super::answer::AssetSelection;
use crate::http::html::escape;
use crate::http::params::Params;
use crate::state::shared::SharedState;
use crate::world::persona::Persona;
use crate::world::tables::Node;

/// People with more assets are not asked, to avoid a list of a thousand checkboxes.
const MAX_OFFERED: usize = 20;

/// The assets this person can select from; empty if there are none or too many.
fn offered_assets(shared: &SharedState, persona: Persona) -> Vec<Node> {
    let world = &shared.world;
    let Some(person) = world.person(persona.user_id()) else { return Vec::new() };
    let mut nodes = world.businesses_of(person);
    nodes.extend(world.accessible_ad_accounts(person));
    nodes.extend(world.pages_where(|page| page.person == person));
    match nodes.len() {
        0..=MAX_OFFERED => nodes,
        _ => Vec::new(),
    }
}

pub(crate) fn html(shared: &SharedState) -> String {
    let mut html = String::from("<input type=\"hidden\" name=\"targets\" value=\"offered\">\n");
    let mut style = String::new();
    for persona in Persona::ALL {
        let nodes = offered_assets(shared, persona);
        if nodes.is_empty() {
            continue;
        }
        let key = persona.key();
        let _ = writeln!(
            html,
            "<fieldset class=\"assets\" id=\"assets-{key}\">\n<legend>What may the app see?</legend>"
        );
        for node in nodes {
            row(shared, persona, node, &mut html);
        }
        html.push_str("</fieldset>\n");
        let _ = write!(style, "body:has(#persona-{key}:checked) #assets-{key}{{display:block}}");
    }
    let _ = writeln!(html, "<style>{style}</style>");
    html
}

fn row(shared: &SharedState, persona: Persona, node: Node, html: &mut String) {
    let world = &shared.world;
    let (kind, name): (&str, &str) = match node {
        Node::Business(index) => ("business", &world.businesses[index].name),
        Node::AdAccount(index) => ("ad account", &world.ad_accounts[index].name),
        Node::Page(index) => ("Page", &world.pages[index].name),
        Node::Person(_) | Node::Instagram(_) | Node::AdObject(_) => return,
    };
    let id = world.id(node);
    let grants = shared.grants();
    let is_selected = grants.grant(persona.user_id()).is_none_or(|grant| match node {
        Node::Business(_) => grant.includes_business(&id),
        Node::Person(_) | Node::AdAccount(_) | Node::Page(_) | Node::Instagram(_) | Node::AdObject(_) => {
            grant.includes_asset(&id)
        }
    });
    let checked = if is_selected { " checked" } else { "" };
    let _ = writeln!(
        html,
        "<label><input type=\"checkbox\" name=\"target\" id=\"target-{id}\" value=\"{id}\"{checked}>\
         <span>{}<br><small>{kind} {id}</small></span></label>",
        escape(name)
    );
}

/// The selection in the submitted form; `None` if assets were offered and none was selected. Checkboxes of other
/// personas are submitted as well and ignored.
pub(crate) fn from_form(shared: &SharedState, persona: Persona, form: &Params) -> Option<AssetSelection> {
    let offered = offered_assets(shared, persona);
    if form.get("targets").is_none() || offered.is_empty() {
        return Some(AssetSelection::Unchanged);
    }
    let ids: Vec<String> = offered.iter().map(|node| shared.world.id(*node)).collect();
    let selected: Vec<String> =
        ids.iter().filter(|id| form.all("target").any(|target| target == *id)).cloned().collect();
    match selected.len() {
        0 => None,
        count if count == ids.len() => Some(AssetSelection::All),
        _ => Some(AssetSelection::Only(selected)),
    }
}
