//! Requests over one kept connection to what `kubectl proxy` opens, which needs neither TLS nor a token.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A status, the texts of the `Warning` headers, and the body.
pub struct Answer {
    pub status: u16,
    pub warnings: Vec<String>,
    pub body: Vec<u8>,
}

/// A client of one address.
pub struct Client {
    port: u16,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    pub fn new(port: u16) -> Self {
        Self { port, connection: None }
    }

    /// Sends one request and reads its answer.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let stream = TcpStream::connect(("127.0.0.1", self.port)).context("connect to the proxy")?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nUser-Agent: differential\r\nContent-Type: \
             {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        connection.get_mut().write_all(&request)?;
        let answer = read_answer(&mut connection)?;
        self.connection = Some(connection);
        Ok(answer)
    }
}

fn line(from: &mut impl BufRead) -> anyhow::Result<String> {
    let mut text = String::new();
    if from.read_line(&mut text)? == 0 {
        bail!("the proxy ended the connection");
    }
    Ok(text.trim_end().to_owned())
}

fn read_answer(from: &mut BufReader<TcpStream>) -> anyhow::Result<Answer> {
    let first = line(from)?;
    let status = first.split(' ').nth(1).and_then(|s| s.parse().ok()).context("an answer without status")?;
    let (mut length, mut chunked, mut warnings) = (0_usize, false, Vec::new());
    loop {
        let header = line(from)?;
        let Some((name, value)) = header.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "transfer-encoding" => chunked = value.contains("chunked"),
            "warning" => warnings.push(warning_text(value)),
            _ => {}
        }
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            let size = usize::from_str_radix(line(from)?.trim(), 16)?;
            let mut part = vec![0; size];
            from.read_exact(&mut part)?;
            line(from)?;
            if size == 0 {
                break;
            }
            body.extend(part);
        }
    } else {
        body.resize(length, 0);
        from.read_exact(&mut body)?;
    }
    Ok(Answer { status, warnings, body })
}

/// The text of `299 - "text"`, with quotes and backslashes escaped.
fn warning_text(header: &str) -> String {
    let text = header.split_once('"').map_or(header, |(_, text)| text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            other => out.push(other),
        }
    }
    out
}
