//! The `sectio` program: serves the app and the twins, checks cases, builds and inspects twins.

mod asset;
mod bundle;
mod case;
mod catalogue;
mod log;
mod palette;
mod png;
mod policy;
mod serve;
mod site;
mod twin;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Practise surgery on digital twins of human organs. Education only, not a medical device.
#[derive(Debug, Parser)]
#[command(name = "sectio", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the app and its twins to browsers.
    Serve {
        /// Address to listen on; 0.0.0.0 lets other machines in.
        #[arg(long, default_value = "127.0.0.1")]
        host: String,
        /// Port to listen on; 0 takes a free one.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Serve this folder instead of the bundle inside the program.
        #[arg(long, value_name = "DIR")]
        bundle: Option<PathBuf>,
    },
    /// Check a case before it is built.
    #[command(subcommand)]
    Case(case::Command),
    /// Build, inspect and portray twins.
    #[command(subcommand)]
    Twin(twin::Command),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough: `sectio twin inspect PACK | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sectio: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve { host, port, bundle } => {
            log::start();
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                // A taken port is told before anything is read.
                let listener = serve::listen(&host, port).await?;
                let bundle = match bundle {
                    Some(folder) => bundle::from_folder(&folder)?,
                    None => bundle::embedded(),
                };
                let catalogue = catalogue::Catalogue::new(cases::library(), &bundle)?;
                serve::run(listener, site::Site::new(bundle, catalogue)).await
            })
        }
        Command::Case(command) => case::run(command),
        Command::Twin(command) => twin::run(command),
    }
}
