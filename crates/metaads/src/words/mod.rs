//! The words that people read. They stand here and in the templates, nowhere else. Plain,
//! short, calm; cause before remedy; a test keeps jargon out of the catalogue.

mod accounts;
mod broken;
mod catalogue;
pub mod hint;
mod history;
mod missing;
mod scopes;
mod time;
mod who;

pub use accounts::{ROLE_LOST, StandingWords, disable_reason, role, standing, zone_name};
pub use broken::{Broken, broken};
pub use catalogue::{Act, Code, Words};
pub use hint::Hint;
pub use history::{HistoryLine, history_line};
pub use missing::{Help, MissingWords, answer as missing_answer, missing};
pub use scopes::{ScopeWords, scope};
pub use time::{count, day, day_and_time, first_name, initials, iso, plural};
pub use who::Who;
