//! `sectio serve` over real sockets.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use crate::{
    http::{self, Answer},
    program::{Folder, Server, sectio},
};

const PAGE: &str = "<!doctype html><title>t</title><script type=\"module\">start()</script>";

/// A bundle with an app of a few files.
fn bundle() -> Folder {
    let folder = Folder::new();
    folder.write("app/index.html", PAGE);
    folder.write("app/sw.js", "self.oninstall = null;");
    folder.write("app/app-0123456789abcdef.js", script());
    folder.write("app/app-0123456789abcdef_bg.wasm", b"\0asm\x01\0\0\0");
    folder.write("secret.txt", "not for the world");
    folder
}

fn script() -> String {
    "export const answer = 42;\n".repeat(500)
}

fn assert_secure(answer: &Answer) {
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval' 'sha256-"), "{policy}");
    assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("unsafe-inline"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
    assert!(answer.header("permissions-policy").is_some());
    assert!(answer.header("x-request-id").is_some());
}

#[test]
fn health_is_told() {
    let bundle = bundle();
    let server = Server::start(&bundle);
    let health = http::get(&server.address, "/healthz");
    assert_eq!(health.status, 200);
    let json: serde_json::Value = serde_json::from_slice(&health.body).unwrap();
    assert_eq!(json["status"], "ok");
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_secure(&health);
}

#[test]
fn files_come_with_their_type_and_lifetime() {
    let bundle = bundle();
    let server = Server::start(&bundle);
    let forever = "public, max-age=31536000, immutable";
    let expectations = [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/about", "text/html; charset=utf-8", "no-cache"),
        ("/trust", "text/html; charset=utf-8", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/app-0123456789abcdef.js", "text/javascript; charset=utf-8", forever),
        ("/app-0123456789abcdef_bg.wasm", "application/wasm", forever),
        ("/cases/index.json", "application/json", "no-cache"),
    ];
    for (path, media_type, lifetime) in expectations {
        let answer = http::get(&server.address, path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(media_type), "{path}");
        assert_eq!(answer.header("cache-control"), Some(lifetime), "{path}");
        assert_secure(&answer);
    }
}

#[test]
fn what_does_not_exist_is_not_found() {
    let bundle = bundle();
    let server = Server::start(&bundle);
    let file = http::get(&server.address, "/missing.js");
    assert_eq!((file.status, file.text()), (404, "Not found.\n"));
    // A person gets the app, which knows how to say it; a crawler still sees that there is nothing.
    let own = http::get(&server.address, "/case/own-abcdefgh");
    assert_eq!(own.status, 200, "only the browser knows which own cases there are");
    let page = http::get(&server.address, "/case/nonesuch");
    assert_eq!((page.status, page.text()), (404, PAGE));
    assert_secure(&page);
    assert_eq!(http::request(&server.address, "POST", "/", &[]).status, 405);
}

#[test]
fn no_path_leads_outside() {
    let bundle = bundle();
    let server = Server::start(&bundle);
    for path in [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "//secret.txt",
        "/app/../../secret.txt",
        "/..\\secret.txt",
        "/secret.txt",
        "/etc/passwd.txt",
        "/packs/../secret.txt",
    ] {
        let answer = http::get(&server.address, path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.text().contains("not for the world"), "{path}");
    }
}

#[test]
fn compression_round_trips() {
    let bundle = bundle();
    let server = Server::start(&bundle);
    let path = "/app-0123456789abcdef.js";
    let plain = http::get(&server.address, path);
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.text(), script());
    let packed =
        http::request(&server.address, "GET", path, &[("Accept-Encoding", "gzip, deflate")]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("vary"), Some("accept-encoding"));
    assert_ne!(packed.header("etag"), plain.header("etag"));
    assert!(packed.body.len() < plain.body.len() / 10);
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, script());
    let refused = http::request(&server.address, "GET", path, &[("Accept-Encoding", "gzip;q=0")]);
    assert_eq!(refused.header("content-encoding"), None);
}

#[test]
fn an_unchanged_file_is_not_sent_again() {
    let bundle = bundle();
    let server = Server::start(&bundle);
    let first = http::get(&server.address, "/sw.js");
    let tag = first.header("etag").expect("an entity tag");
    let again = http::request(&server.address, "GET", "/sw.js", &[("If-None-Match", tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag));
    let other = http::request(&server.address, "GET", "/sw.js", &[("If-None-Match", "\"0\"")]);
    assert_eq!((other.status, other.body), (200, first.body));
}

#[test]
fn head_is_get_without_the_body() {
    let bundle = bundle();
    let server = Server::start(&bundle);
    for path in ["/", "/app-0123456789abcdef.js", "/cases/index.json", "/healthz"] {
        let get = http::get(&server.address, path);
        let head = http::request(&server.address, "HEAD", path, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for header in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(head.header(header), get.header(header), "{path} {header}");
        }
    }
}

#[test]
fn the_policy_allows_the_inline_script_and_no_other() {
    let bundle = bundle();
    let server = Server::start(&bundle);
    let digest = Sha256::digest("start()");
    let hash = {
        use base64::Engine;
        base64::prelude::BASE64_STANDARD.encode(digest)
    };
    let policy = http::get(&server.address, "/");
    let policy = policy.header("content-security-policy").unwrap();
    assert_eq!(policy.matches("'sha256-").count(), 1);
    assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
}

#[test]
fn large_bodies_are_refused() {
    let bundle = bundle();
    let server = Server::start(&bundle);
    let large = [("Content-Length", "100000000")];
    assert_eq!(http::request(&server.address, "GET", "/", &large).status, 413);
}

#[cfg(unix)]
#[test]
fn stopping_finishes_the_answer_under_way() {
    let bundle = bundle();
    bundle.write("app/large.txt", vec![b'a'; 32 << 20]);
    let mut server = Server::start(&bundle);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"GET /large.txt HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 1024];
    stream.read_exact(&mut first).unwrap();
    server.terminate();
    // Nobody new gets in ...
    let begin = Instant::now();
    while TcpStream::connect(&server.address).is_ok() {
        assert!(begin.elapsed() < Duration::from_secs(5), "the socket stays open");
    }
    // ... and who was served is served to the end.
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(first.len() + rest.len() > 32 << 20);
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_taken_port_is_one_line_with_the_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = sectio(&["serve", "--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains(&format!("port {port} on 127.0.0.1 is taken")), "{error}");
    assert!(error.contains("--port"), "{error}");
}

#[test]
fn a_folder_that_is_no_bundle_is_refused() {
    let folder = Folder::new();
    let output =
        sectio(&["serve", "--port", "0", "--bundle", folder.path().to_str().unwrap()]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("no app/index.html") && error.lines().count() == 1, "{error}");
}

#[test]
fn logs_in_json_hold_the_request_and_nothing_personal() {
    let bundle = bundle();
    let arguments = ["serve", "--port", "0", "--bundle", bundle.path().to_str().unwrap()];
    let mut command = sectio(&arguments);
    command.env("SECTIO_LOG", "json");
    let (server, log) = Server::start_logged(command);
    let agent = [("User-Agent", "curious-browser"), ("Referer", "http://hospital.example/")];
    http::request(&server.address, "GET", "/about?name=ada", &agent);
    server.terminate();
    let log = log.join().unwrap();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let request = lines.iter().find(|line| line["message"] == "request").expect("a request line");
    assert_eq!((&request["path"], &request["status"]), (&"/about".into(), &200.into()));
    assert!(!log.contains("ada") && !log.contains("curious") && !log.contains("hospital"), "{log}");
}
