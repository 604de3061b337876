//! `metaads admin users` and `metaads admin invitations`. What scripts need is alone on standard output; sentences for
//! people are on standard error.

use clap::{Args, Subcommand};
use metaads_store::{AccountLink, LastAdmin, User};
use serde_json::{Value, json};

use crate::accounts::admins::{self, Role};
use crate::accounts::links::MadeLink;
use crate::app::App;
use crate::messages::format::iso;

#[derive(Debug, Args)]
pub struct UsersCommand {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Users,
}

#[derive(Debug, Subcommand)]
enum Users {
    /// Create a user and print the one-time link with which they choose a password.
    Create {
        email: String,
        /// Make the user an admin.
        #[arg(long)]
        admin: bool,
    },
    /// List all users.
    List,
    /// Make a user an admin.
    Promote { email: String },
    /// Make an admin an ordinary user.
    Demote {
        email: String,
        /// Demote the last admin too.
        #[arg(long)]
        last_admin: bool,
    },
    /// Print a one-time link with which a user chooses a new password. The old one works until the link is used.
    ResetPassword { email: String },
}

#[derive(Debug, Args)]
pub struct InvitationsCommand {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Invitations,
}

#[derive(Debug, Subcommand)]
enum Invitations {
    /// Invite somebody and print the one-time link with which they register. An earlier invitation of the address ends.
    Create {
        #[arg(long)]
        email: String,
    },
    /// List the invitations that can still be used.
    List,
    /// Withdraw an invitation.
    Withdraw {
        /// The address, or the id that `list` shows.
        #[arg(value_name = "EMAIL or ID", required_unless_present = "email")]
        which: Option<String>,
        #[arg(long, conflicts_with = "which")]
        email: Option<String>,
    },
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

impl Format {
    fn of(json: bool) -> Format {
        if json { Format::Json } else { Format::Text }
    }
}

impl UsersCommand {
    pub async fn run(&self, app: &App) -> anyhow::Result<()> {
        let format = Format::of(self.json);
        match &self.command {
            Users::Create { email, admin } => {
                let role = if *admin { Role::Admin } else { Role::User };
                let (user, link) = admins::create_user(app, email, role).await?;
                print_link(format, &user.email, user_json(&user), &link);
            }
            Users::List => print_users(format, &admins::list_users(app).await?),
            Users::Promote { email } => {
                let user = admins::promote(app, email).await?;
                print_user(format, &user, "is an admin now");
            }
            Users::Demote { email, last_admin } => {
                let last = if *last_admin { LastAdmin::MayLeave } else { LastAdmin::Keep };
                let user = admins::demote(app, email, last).await?;
                print_user(format, &user, "is not an admin any more");
            }
            Users::ResetPassword { email } => {
                let (user, link) = admins::reset_password(app, email).await?;
                print_link(format, &user.email, user_json(&user), &link);
            }
        }
        Ok(())
    }
}

impl InvitationsCommand {
    pub async fn run(&self, app: &App) -> anyhow::Result<()> {
        let format = Format::of(self.json);
        match &self.command {
            Invitations::Create { email } => {
                let (email, link) = admins::invite(app, email).await?;
                print_link(format, &email, json!({ "id": link.id, "email": email }), &link);
            }
            Invitations::List => print_invitations(format, &admins::list_invitations(app).await?),
            Invitations::Withdraw { which, email } => {
                let which = which.as_deref().or(email.as_deref()).unwrap_or_default();
                admins::withdraw_invitation(app, which).await?;
                match format {
                    Format::Text => println!("The invitation for {which} is withdrawn."),
                    Format::Json => println!("{}", json!({ "withdrawn": which })),
                }
            }
        }
        Ok(())
    }
}

fn print_link(format: Format, email: &str, mut subject: Value, link: &MadeLink) {
    match format {
        Format::Text => {
            println!("{}", link.url);
            eprintln!(
                "Give this link to {email}. It works once, until {}, and is not shown again.",
                iso(link.expires_at)
            );
        }
        Format::Json => {
            subject["link"] = json!(link.url);
            subject["expires_at"] = json!(iso(link.expires_at));
            println!("{subject}");
        }
    }
}

fn print_user(format: Format, user: &User, what: &str) {
    match format {
        Format::Text => println!("{} {what}.", user.email),
        Format::Json => println!("{}", user_json(user)),
    }
}

fn print_users(format: Format, users: &[User]) {
    match format {
        Format::Text => {
            for user in users {
                let role = if user.is_admin { "admin" } else { "user" };
                let proven = if user.email_proven_at.is_some() { "proven" } else { "not proven" };
                let password = if user.password_hash.is_empty() { ", no password yet" } else { "" };
                println!("{}  {role}  {proven}{password}  since {}", user.email, iso(user.created_at));
            }
        }
        Format::Json => println!("{}", json!({ "data": users.iter().map(user_json).collect::<Vec<_>>() })),
    }
}

fn print_invitations(format: Format, invitations: &[AccountLink]) {
    let email = |link: &AccountLink| link.email.clone().unwrap_or_default();
    match format {
        Format::Text => {
            for link in invitations {
                println!("{}  {}  until {}", link.id, email(link), iso(link.expires_at));
            }
        }
        Format::Json => {
            let data: Vec<Value> = invitations
                .iter()
                .map(|link| {
                    json!({
                        "id": link.id,
                        "email": email(link),
                        "created_at": iso(link.created_at),
                        "expires_at": iso(link.expires_at),
                    })
                })
                .collect();
            println!("{}", json!({ "data": data }));
        }
    }
}

fn user_json(user: &User) -> Value {
    json!({
        "id": user.id.as_str(),
        "email": user.email,
        "is_admin": user.is_admin,
        "email_proven_at": user.email_proven_at.map(iso),
        "has_password": !user.password_hash.is_empty(),
        "created_at": iso(user.created_at),
    })
}
