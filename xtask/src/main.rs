//! The commands of a Sectio checkout: `cargo xtask serve`, `test`, `validate`, `tidy`, `reports`, `fuzz`, `bench`. Each does its own set-up.

mod bench;
mod bundle;
mod data;
mod fuzz;
mod peers;
mod place;
mod reports;
mod serve;
mod step;
mod test;
mod tidy;
mod toolchain;
mod tools;
mod validate;

use std::process::ExitCode;

use clap::Parser;

/// Build, serve, test and measure Sectio; every command sets up what it needs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// From a bare machine to the app in the browser.
    Serve(serve::Options),
    /// Everything that must hold: format, lints, unit, browser and end-to-end tests, structure, licences.
    Test(test::Options),
    /// The solver against theory and published benchmarks: value, reference and error of each.
    Validate(validate::Options),
    /// Structure of the checkout: dependency graph, paths, names.
    Tidy,
    /// Random work for what must stand anything.
    #[command(subcommand)]
    Fuzz(fuzz::Fuzz),
    /// The quality report of each twin, into docs/twins/.
    Reports,
    /// The figures in README, measured.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let task = Task::parse();
    let outcome = place::Place::find().and_then(|place| match task {
        Task::Serve(options) => serve::run(&place, &options),
        Task::Test(options) => test::run(&place, &options),
        Task::Validate(options) => validate::run(&place, &options),
        Task::Tidy => tidy::run(&place),
        Task::Fuzz(fuzz) => fuzz::run(&place, &fuzz),
        Task::Reports => reports::run(&place),
        Task::Bench(options) => bench::run(&place, &options),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn every_command_line_can_be_read() {
        super::Task::command().debug_assert();
    }
}
