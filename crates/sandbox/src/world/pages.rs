//! Pages and the Instagram accounts linked to them.

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) id: u64,
    pub(crate) name: Box<str>,
    pub(crate) category: &'static str,
    pub(crate) person: usize,
    pub(crate) business: Option<usize>,
    /// The business it is shared with.
    pub(crate) agency: Option<usize>,
    pub(crate) is_full_role: bool,
    pub(crate) instagram: Option<Instagram>,
}

#[derive(Debug)]
pub(crate) struct Instagram {
    pub(crate) id: u64,
    pub(crate) username: Box<str>,
    pub(crate) followers: u32,
    /// The API serves only professional accounts; a personal one is visible only as linked to the Page.
    pub(crate) is_professional: bool,
}

impl Page {
    /// Its Instagram account, if the API serves it.
    pub(crate) fn professional(&self) -> Option<&Instagram> {
        self.instagram.as_ref().filter(|instagram| instagram.is_professional)
    }
}
