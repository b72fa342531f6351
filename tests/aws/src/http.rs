//! A request to an emulator beside AWS's API. Not by the workspace's HTTP client: with its feature `tls` it wants a
//! provider of cryptography first, which is the business of the tests, not of what they stand on.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The JSON in the answer.
///
/// # Errors
/// What the emulator says where that is no success, and what has failed before it could.
pub(crate) async fn ask(url: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
    let told = |error: std::io::Error| format!("{method} {url}{path}: {error}");
    let address = url.trim_start_matches("http://");
    let body = body.map(Value::to_string).unwrap_or_default();
    // 1.0: the answer comes whole and the connection ends with it.
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.map_err(told)?;
    stream.write_all(request.as_bytes()).await.map_err(told)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(told)?;
    let (head, text) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("{method} {url}{path}: {answer}"))?;
    if head.split(' ').nth(1) != Some("200") {
        return Err(format!("{method} {url}{path}: {answer}"));
    }
    serde_json::from_str(text).map_err(|error| format!("{method} {url}{path}: {error}: {text}"))
}
