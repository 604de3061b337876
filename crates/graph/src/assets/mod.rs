//! What a grant reaches. `nodes` are Meta's objects, `edge` the lists of them, `read` the calls.

mod edge;
mod nodes;
mod paging;
mod read;

pub use edge::Edge;
pub use nodes::{AdAccount, Business, InstagramAccount, PERMISSION_GRANTED, Page, Permission, Person};
pub use paging::ListPage;
pub use read::{FirstLists, Profile, SystemUser};

#[cfg(test)]
pub(crate) use nodes::{parse_permissions, parse_person};
#[cfg(test)]
pub(crate) use paging::{next_page_params, parse_page};
