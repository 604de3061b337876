//! Whatever comes in place of an answer: nothing panics, and what is no JSON is called so.
