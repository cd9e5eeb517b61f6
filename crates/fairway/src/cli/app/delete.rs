//! `fairway app delete`.

use crate::cli::client::{AppName, Client, Connection};
use crate::cli::exit::{DIFFERENT, Failure, MISSING};
use crate::cli::output::print;
use reqwest::Method;
use std::io::{BufRead as _, IsTerminal as _};
use std::time::{Duration, Instant};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The Applications: NAME or NAMESPACE/NAME.
    #[arg(required = true)]
    apps: Vec<AppName>,
    /// Does not ask.
    #[arg(long, short = 'y')]
    yes: bool,
    /// Deletes the resources too; --cascade=false leaves them.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    cascade: bool,
    /// How the resources go.
    #[arg(long, short = 'p', value_parser = ["foreground", "background"])]
    propagation_policy: Option<String>,
    /// Waits until the Applications are gone.
    #[arg(long)]
    wait: bool,
    /// Longest wait in seconds; 0 waits for ever.
    #[arg(long, default_value_t = 0, value_name = "SECONDS", requires = "wait")]
    timeout: u64,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let cascade = if args.cascade { "true" } else { "false" };
    let mut query = vec![("cascade", cascade)];
    query.extend(args.propagation_policy.as_deref().map(|p| ("propagationPolicy", p)));
    for app in &args.apps {
        client.application(app).await?;
        if !args.yes && !is_confirmed(app, args.cascade)? {
            print(&format!("{app} is left as it is\n"))?;
            continue;
        }
        client.on_app(Method::DELETE, app, &[], &query, None).await?;
        if args.wait {
            gone(&client, app, args.timeout).await?;
            print(&format!("{app} is deleted\n"))?;
        } else {
            print(&format!("{app} is being deleted\n"))?;
        }
    }
    Ok(())
}

fn is_confirmed(app: &AppName, cascade: bool) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::error(
            2,
            format!("deleting {app} is to be confirmed; say --yes where nobody can be asked"),
        ));
    }
    let what = if cascade { "and all its resources" } else { "and leave its resources" };
    print(&format!("Delete {app} {what}? [y/N] "))?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

async fn gone(client: &Client, app: &AppName, timeout: u64) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        match client.application(app).await {
            Ok(_) => {}
            Err(e) if e.downcast_ref::<Failure>().is_some_and(|f| f.code == MISSING) => return Ok(()),
            Err(e) => return Err(e),
        }
        if timeout > 0 && started.elapsed() >= Duration::from_secs(timeout) {
            let message = format!("{app} is still there after {timeout} s; see `fairway app get {app}`");
            return Err(Failure::error(DIFFERENT, message));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn resources_go_unless_told_otherwise() {
        let cascade = |line: &str| Line::try_parse_from(line.split(' ')).unwrap().args.cascade;
        assert!(cascade("x shop"));
        assert!(cascade("x shop --cascade"));
        assert!(!cascade("x shop --cascade=false"));
    }
}
