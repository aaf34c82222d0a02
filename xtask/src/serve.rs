//! `cargo xtask serve`: from a bare machine to a page in the browser.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    bundle,
    place::Place,
    step::{Seconds, Steps},
    tools::on_path,
};

/// How to serve.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Port to listen on.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Do not open the browser.
    #[arg(long)]
    no_open: bool,
}

/// Build everything, start the server, open the page, and stay until the server ends.
pub fn run(place: &Place, options: &Options) -> Result<()> {
    // Found out now rather than after ten minutes of building.
    if let Err(error) = TcpListener::bind((options.host.as_str(), options.port)) {
        bail!(
            "cannot listen on {}:{}: {error}. Remedy: stop the program that uses it, or choose another with --port {}",
            options.host,
            options.port,
            options.port.wrapping_add(1)
        );
    }
    let mut steps = Steps::new(bundle::STEPS, place.cache.join("logs"))?;
    let built = bundle::build(place, &mut steps)?;
    let mut server = Command::new(&built.sectio)
        .args(["serve", "--host", &options.host, "--port", &options.port.to_string()])
        .stdin(Stdio::null())
        // The one line of this command says it all; the log stays.
        .stdout(Stdio::null())
        .spawn()?;
    let url = format!(
        "http://{}:{}/",
        if options.host == "0.0.0.0" { "127.0.0.1" } else { &options.host },
        options.port
    );
    let begun = Instant::now();
    while std::net::TcpStream::connect((options.host.as_str(), options.port)).is_err() {
        if let Some(status) = server.try_wait()? {
            bail!("the server stopped at once ({status}). Remedy: read its message above");
        }
        if begun.elapsed() > Duration::from_secs(10) {
            let _ = server.kill();
            bail!("the server did not answer within 10 s. Remedy: run the same command again");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("\nSectio is ready after {}: {url}\nStop it with Ctrl-C.", Seconds(steps.elapsed()));
    let opener = ["xdg-open", "open", "wslview"].into_iter().find(|name| on_path(name).is_some());
    if let (false, Some(opener)) = (options.no_open, opener) {
        let _ = Command::new(opener).arg(&url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    }
    let status = server.wait()?;
    if !status.success() {
        bail!("the server ended with {status}");
    }
    Ok(())
}
