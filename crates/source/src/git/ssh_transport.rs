use crate::repo_url::split_scp;
use crate::{CredentialLookup, Credentials, SourceError, SourceErrorKind};
use gix_transport::client::git::{ConnectMode, blocking_io::Connection};
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;
use url::Url;

/// Most of what `ssh` says that is kept for the error message, bytes.
const STDERR_BYTES_MAX: u64 = 16 << 10;

/// Where an ssh repository is.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    destination: String,
    port: Option<u16>,
    path: String,
}

/// A running `ssh`, ended with this value.
pub(crate) struct SshProcess {
    child: Arc<Mutex<Child>>,
    stderr: std::thread::JoinHandle<String>,
    /// Key and known hosts, removed with this value.
    _files: TempDir,
}

impl SshProcess {
    /// Returns what ends it from another thread.
    pub fn killer(&self) -> impl Fn() + Send + use<> {
        let child = self.child.clone();
        move || {
            let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
        }
    }

    /// Ends it and returns what it said.
    pub fn finish(self) -> String {
        {
            let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = child.kill();
            let _ = child.wait();
        }
        self.stderr.join().unwrap_or_default()
    }
}

/// Starts the `ssh` program for `git-upload-pack`. No configuration or agent of the user's has a say.
pub(crate) fn connect(
    program: &Path,
    repo_url: &str,
    credentials: Option<&Credentials>,
    lookup: &dyn CredentialLookup,
) -> Result<(Connection<ChildStdout, ChildStdin>, SshProcess), SourceError> {
    let address = parse(repo_url)
        .ok_or_else(|| SourceError::invalid(format!("{repo_url}: not an ssh repository address")))?;
    let files = tempfile::Builder::new()
        .prefix("fairway-ssh-")
        .tempdir()
        .map_err(|e| SourceError::store("temporary folder for ssh", e))?;
    let mut command = Command::new(program);
    configure(&mut command, &files, credentials, lookup)?;
    if let Some(port) = address.port {
        command.arg("-p").arg(port.to_string());
    }
    command.arg("--").arg(&address.destination).arg(format!("git-upload-pack {}", quote(&address.path)));
    command.env("GIT_PROTOCOL", "version=2");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let unreachable = |why: String| SourceError::new(SourceErrorKind::Unreachable, why);
    let mut child =
        command.spawn().map_err(|e| unreachable(format!("cannot start {}: {e}", program.display())))?;
    let (Some(input), Some(output), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(unreachable("ssh has no pipes".to_owned()));
    };
    let stderr = std::thread::spawn(move || {
        let mut text = Vec::new();
        // What cannot be read is left out of a message and nothing else.
        let _ = stderr.take(STDERR_BYTES_MAX).read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let connection = Connection::new(
        output,
        input,
        gix_transport::Protocol::V2,
        address.path.as_str(),
        None::<(String, Option<u16>)>,
        ConnectMode::Process,
        false,
    )
    .custom_url(Some(repo_url.into()));
    Ok((connection, SshProcess { child: Arc::new(Mutex::new(child)), stderr, _files: files }))
}

fn configure(
    command: &mut Command,
    files: &TempDir,
    credentials: Option<&Credentials>,
    lookup: &dyn CredentialLookup,
) -> Result<(), SourceError> {
    if credentials.is_some_and(|c| !c.proxy.is_empty()) {
        return Err(SourceError::unsupported("a proxy for ssh; reach the repository over https"));
    }
    let option = |command: &mut Command, text: String| {
        command.arg("-o").arg(text);
    };
    command.args(["-T", "-F", "/dev/null"]);
    for text in ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=10", "ServerAliveCountMax=3"] {
        option(command, text.to_owned());
    }
    option(command, "SendEnv=GIT_PROTOCOL".to_owned());
    option(command, "IdentityAgent=none".to_owned());
    if credentials.is_some_and(|c| c.insecure) {
        option(command, "StrictHostKeyChecking=no".to_owned());
        option(command, "UserKnownHostsFile=/dev/null".to_owned());
    } else {
        let known = write_private(files, "known_hosts", &lookup.ssh_known_hosts().unwrap_or_default())?;
        option(command, "StrictHostKeyChecking=yes".to_owned());
        option(command, format!("UserKnownHostsFile={known}"));
        option(command, "GlobalKnownHostsFile=/dev/null".to_owned());
    }
    let key = credentials.map(|c| c.ssh_private_key.expose()).unwrap_or_default();
    if key.is_empty() {
        option(command, "IdentityFile=none".to_owned());
    } else {
        // OpenSSH wants the last line's end.
        let path = write_private(files, "key", &format!("{}\n", key.trim_end()))?;
        option(command, format!("IdentityFile={path}"));
        option(command, "IdentitiesOnly=yes".to_owned());
    }
    Ok(())
}

fn write_private(files: &TempDir, name: &str, text: &str) -> Result<String, SourceError> {
    let path = files.path().join(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| SourceError::store("temporary file for ssh", e))?;
    Ok(path.display().to_string())
}

/// Reads `ssh://[user@]host[:port]/path` and `user@host:path`. A destination that `ssh` could take for an option is
/// refused.
fn parse(repo_url: &str) -> Option<Address> {
    let address = match split_scp(repo_url) {
        Some((destination, path)) => {
            Address { destination: destination.to_owned(), port: None, path: path.to_owned() }
        }
        None => {
            let url = Url::parse(repo_url).ok()?;
            if url.scheme() != "ssh" && url.scheme() != "git+ssh" {
                return None;
            }
            let host = url.host_str()?.trim_matches(['[', ']']);
            let destination = if url.username().is_empty() {
                host.to_owned()
            } else {
                format!("{}@{host}", url.username())
            };
            // `/~user/x` is relative to a home, as Git has it.
            let path = url.path();
            let path = if path.starts_with("/~") { &path[1..] } else { path };
            Address { destination, port: url.port(), path: path.to_owned() }
        }
    };
    let sound =
        !address.path.is_empty() && !address.destination.starts_with('-') && !address.path.starts_with('-');
    sound.then_some(address)
}

/// Quotes for the remote shell.
fn quote(path: &str) -> String {
    format!("'{}'", path.replace('\'', "'\\''"))
}

/// Reads what `ssh` said into an error, or nothing where it said nothing of use.
pub(crate) fn ssh_error(repo_url: &str, stderr: &str) -> Option<SourceError> {
    let text = stderr.trim();
    if text.is_empty() {
        return None;
    }
    let lower = text.to_lowercase();
    let has = |part: &str| lower.contains(part);
    let kind = if has("permission denied") || has("host key verification failed") || has("load key") {
        SourceErrorKind::Denied
    } else if has("not found") || has("does not exist") || has("not appear to be a git repository") {
        SourceErrorKind::RepositoryNotFound
    } else if has("timed out") {
        SourceErrorKind::Timeout
    } else {
        SourceErrorKind::Unreachable
    };
    let line = text.lines().last().unwrap_or(text);
    Some(SourceError::new(kind, format!("{repo_url}: ssh: {line}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_in_both_spellings() {
        let show = |text: &str| parse(text).map(|a| (a.destination, a.port, a.path));
        let expected = |d: &str, port, p: &str| Some((d.to_owned(), port, p.to_owned()));
        assert_eq!(show("git@github.com:org/a.git"), expected("git@github.com", None, "org/a.git"));
        assert_eq!(show("ssh://git@h:2222/org/a.git"), expected("git@h", Some(2222), "/org/a.git"));
        assert_eq!(show("ssh://h/~me/a"), expected("h", None, "~me/a"));
        assert_eq!(show("https://h/a"), None);
    }

    #[test]
    fn options_cannot_be_smuggled_in() {
        assert_eq!(parse("ssh://-oProxyCommand=x/a"), None);
        assert_eq!(parse("-oProxyCommand=x@h:a"), None);
        assert_eq!(quote("a'b; rm"), "'a'\\''b; rm'");
    }
}
