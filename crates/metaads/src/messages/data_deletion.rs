//! The public status page of a data deletion request.

#[derive(Debug, Clone, Copy)]
pub struct DeletionText {
    /// The line above the title.
    pub state: &'static str,
    pub title: &'static str,
    pub text: &'static str,
}

pub const UNKNOWN_CODE: DeletionText = DeletionText {
    state: "Up to you",
    title: "We don’t know this code",
    text: "Compare it with the one that Facebook showed you: every letter counts.",
};

pub const IN_PROGRESS: DeletionText = DeletionText {
    state: "In progress",
    title: "Your data is being deleted",
    text: "You asked Facebook to have this service delete what it holds about you. This takes a moment; check again in a minute.",
};

pub const TEST: DeletionText = DeletionText {
    state: "Done",
    title: "This was a test",
    text: "Meta tested whether this address answers. The test names nobody, so there was nothing to delete.",
};

pub const NOTHING_HELD: DeletionText = DeletionText {
    state: "Done",
    title: "There was nothing to delete",
    text: "You asked Facebook to have this service delete what it holds about you. It held nothing.",
};

pub const CONNECTED_AGAIN: DeletionText = DeletionText {
    state: "Partly deleted",
    title: "You have connected again since",
    text: "Everything from before your request is deleted. After that you signed in again and allowed access; that connection is kept. To end it too, remove the app under Business Integrations on Facebook and send the request again.",
};

pub const DELETED: DeletionText = DeletionText {
    state: "Done",
    title: "Your data is deleted",
    text: "You asked Facebook to have this service delete what it held about you. All of it is gone from the running service.",
};

pub const STEP_RECEIVED: &str = "Request received from Meta";
pub const STEP_ACCESS: &str = "Access erased";
pub const STEP_ASSETS: &str = "Name, picture, ad accounts, Pages and Instagram accounts erased";
pub const STEP_IN_PROGRESS: &str = "in progress";
