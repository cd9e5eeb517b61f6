//! `fairway account`: who there is, and what one may do.

use super::client::{Client, Connection, list, object, text};
use super::exit::{DIFFERENT, EXIT_CODES, Failure};
use super::output::{Format, for_programs, print};
use super::table::{Table, has_colour};
use fairway_value::Value;
use reqwest::Method;

/// Arguments of `fairway account`.
#[derive(clap::Args, Debug)]
pub struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(clap::Subcommand, Debug)]
#[command(after_help = EXIT_CODES)]
enum AccountCommand {
    /// Lists accounts.
    #[command(visible_alias = "ls")]
    List {
        /// Output.
        #[arg(long, short = 'o', value_enum, default_value_t)]
        output: Format,
        #[command(flatten)]
        connection: Connection,
    },
    /// Says who one is.
    GetUserInfo {
        #[command(flatten)]
        connection: Connection,
    },
    /// Says whether one may do something; exit code 1 where not.
    CanI {
        /// Such as sync.
        action: String,
        /// Such as applications.
        resource: String,
        /// Such as default/guestbook, or '*'.
        subresource: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Changes a password.
    UpdatePassword {
        /// Account; one's own without it.
        #[arg(long)]
        account: Option<String>,
        /// One's own password.
        #[arg(long, env = "FAIRWAY_CURRENT_PASSWORD", hide_env_values = true)]
        current_password: String,
        /// The new password.
        #[arg(long, env = "FAIRWAY_NEW_PASSWORD", hide_env_values = true)]
        new_password: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Issues an API token of an account and prints it.
    GenerateToken {
        /// Account.
        #[arg(long)]
        account: String,
        /// Name of the token; made up without it.
        #[arg(long)]
        id: Option<String>,
        /// Seconds until it ends; it does not without them.
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<u64>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Takes an API token back.
    DeleteToken {
        /// Account.
        #[arg(long)]
        account: String,
        /// Name of the token.
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Runs `fairway account`.
pub async fn run(args: AccountArgs) -> anyhow::Result<()> {
    match args.command {
        AccountCommand::List { output, connection } => accounts(&connection, output).await,
        AccountCommand::GetUserInfo { connection } => {
            let client = Client::connect(&connection).await?;
            let info = client.get(&["session", "userinfo"], &[]).await?;
            print(&format!("Logged in as {}\n", text(&info, &["username"])))
        }
        AccountCommand::CanI { action, resource, subresource, connection } => {
            let client = Client::connect(&connection).await?;
            let mut path = vec!["account", "can-i", resource.as_str(), action.as_str()];
            path.extend(subresource.split('/'));
            let answer = client.get(&path, &[]).await?;
            let value = text(&answer, &["value"]);
            print(&format!("{value}\n"))?;
            if value == "yes" { Ok(()) } else { Err(Failure::error(DIFFERENT, "")) }
        }
        AccountCommand::UpdatePassword { account, current_password, new_password, connection } => {
            let client = Client::connect(&connection).await?;
            let mut body = object([
                ("currentPassword", current_password.as_str().into()),
                ("newPassword", new_password.as_str().into()),
            ]);
            if let Some(account) = &account {
                body.set_path(&["name"], account.as_str());
            }
            client.call(Method::PUT, &["account", "password"], &[], Some(&body)).await?;
            print("Password updated\n")
        }
        AccountCommand::GenerateToken { account, id, expires_in, connection } => {
            let client = Client::connect(&connection).await?;
            let mut body = object([("expiresIn", expires_in.unwrap_or_default().to_string().into())]);
            if let Some(id) = &id {
                body.set_path(&["id"], id.as_str());
            }
            let answer = client.call(Method::POST, &["account", &account, "token"], &[], Some(&body)).await?;
            print(&format!("{}\n", text(&answer, &["token"])))
        }
        AccountCommand::DeleteToken { account, id, connection } => {
            let client = Client::connect(&connection).await?;
            client.call(Method::DELETE, &["account", &account, "token", &id], &[], None).await?;
            print(&format!("token '{id}' deleted\n"))
        }
    }
}

async fn accounts(connection: &Connection, output: Format) -> anyhow::Result<()> {
    let client = Client::connect(connection).await?;
    let answer = client.get(&["account"], &[]).await?;
    let items = list(&answer, &["items"]);
    if let Some(written) = for_programs(&Value::from(items.to_vec()), output) {
        return print(&written);
    }
    let mut table = Table::new(&["NAME", "ENABLED", "CAPABILITIES"]);
    for account in items {
        let enabled = account.get("enabled").and_then(Value::as_bool).unwrap_or_default().to_string();
        let capabilities: Vec<&str> =
            list(account, &["capabilities"]).iter().filter_map(Value::as_str).collect();
        table.row([text(account, &["name"]), &enabled, &capabilities.join(", ")]);
    }
    print(&table.text(has_colour()))
}
