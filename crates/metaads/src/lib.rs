//! The service: people, their connections, the pages and the JSON API.
//!
//! `web` and `api` turn requests into calls of `accounts` and `connections`, where the decisions are;
//! `jobs` does due work through the same calls. [`app::App`] is what all of them are handed.

pub mod accounts;
mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
mod demo;
pub mod doctor;
pub mod entropy;
pub mod jobs;
pub mod keys;
pub mod limits;
mod listen;
pub mod routes;
pub mod serve;
mod tasks;
mod ui;
pub mod versions;
mod web;
mod words;
