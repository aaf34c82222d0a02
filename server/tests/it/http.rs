//! The smallest HTTP client that sends exactly the bytes a test wants.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// An answer, nothing decoded.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Value of a header; names in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a UTF-8 body")
    }
}

/// Send one request and read the answer until the server closes.
pub fn request(address: &str, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let lines: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{lines}\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    parse(&bytes)
}

/// GET without any header.
pub fn get(address: &str, target: &str) -> Answer {
    request(address, "GET", target, &[])
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a complete head");
    let head = std::str::from_utf8(&bytes[..end]).expect("an ASCII head");
    let (status, headers) = head.split_once("\r\n").expect("headers");
    let headers = headers.lines().map(|line| {
        let (name, value) = line.split_once(':').expect("name: value");
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    let headers: Vec<_> = headers.collect();
    let status = status.split(' ').nth(1).expect("a status").parse().expect("a number");
    let answer = Answer { status, headers, body: bytes[end + 4..].to_vec() };
    assert!(answer.header("transfer-encoding").is_none(), "bodies have a known length");
    answer
}
