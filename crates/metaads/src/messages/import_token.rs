//! Why a system user's token was not imported.

use crate::codes::error_code::Code;
use crate::messages::errors::error_text;

pub const NOT_A_TOKEN: &str =
    "This is not an access token. Copy it completely, from the first character to the last.";
pub const NOT_A_SYSTEM_USER: &str = "This token acts for a person and expires within hours. Use Connect Meta Account for people; this page is for system users.";

pub fn other_app(app_id: &str) -> String {
    format!(
        "Meta does not know this token for this app. Create one for the app with the ID {app_id}, and copy it completely."
    )
}

pub fn refused(code: Code) -> String {
    let text = error_text(code);
    format!("{}. {} {}", text.title, text.cause, text.remedy)
}
