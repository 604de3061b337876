//! The HTML layout of dialog and control page: no scripts, and nothing that could be mistaken for Facebook.

use super::reply::Reply;

const STYLE: &str = include_str!("style.css");

pub(crate) fn layout(title: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{} · Pretend Meta</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><strong>Pretend Meta</strong>\n<p>A stand-in for testing. Not Facebook. Do not enter real data.</p>\
         </header>\n<main>\n{main}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

pub(crate) fn error(title: &str, text: &str) -> String {
    let main = format!("<h1>{}</h1>\n<p>{}</p>\n", escape(title), escape(text));
    layout(title, &main)
}

pub(crate) fn page(status: u16, html: String) -> Reply {
    Reply::text(status, "text/html; charset=utf-8", html)
        // No form-action: browsers would apply it to the redirect back to the app as well.
        .with(
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
        .with("x-frame-options", "DENY")
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "same-origin")
        .with("cache-control", "no-store")
}

pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
