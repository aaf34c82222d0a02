//! Steps of a long job: what is happening, for how long, and one clear line when it fails.

use std::{
    collections::VecDeque,
    fmt,
    fs::{self, File},
    io::{BufRead, BufReader, IsTerminal, Read, Write, stderr},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// Counts and times the steps of one command.
pub struct Steps {
    total: usize,
    done: usize,
    started: Instant,
    logs: PathBuf,
}

impl Steps {
    /// A job of `total` steps whose children write their full output below `logs`.
    pub fn new(total: usize, logs: PathBuf) -> Result<Self> {
        fs::create_dir_all(&logs)?;
        Ok(Self { total, done: 0, started: Instant::now(), logs })
    }

    /// Carry out one step; `work` may say in a few words what came of it.
    pub fn step(
        &mut self,
        name: &str,
        work: impl FnOnce(&Running) -> Result<String>,
    ) -> Result<()> {
        self.done += 1;
        let running = Running {
            label: format!("[{:2}/{}] {name}", self.done, self.total),
            started: Instant::now(),
            logs: self.logs.clone(),
        };
        running.show("…");
        let outcome = work(&running)?;
        let outcome = if outcome.is_empty() { "done".to_owned() } else { outcome };
        running.finish(&outcome);
        Ok(())
    }

    /// Time since the first step.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A step under way.
pub struct Running {
    label: String,
    started: Instant,
    logs: PathBuf,
}

impl Running {
    /// Say what the step is doing now; on a terminal the line is rewritten in place.
    pub fn show(&self, now: &str) {
        let now: String = now.chars().take(90).collect();
        let line = format!("{} {:>6} {now}", self.label, Seconds(self.started.elapsed()));
        if stderr().is_terminal() {
            eprint!("\r\x1b[2K{line}");
            let _ = stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }

    fn finish(&self, outcome: &str) {
        let start = if stderr().is_terminal() { "\r\x1b[2K" } else { "" };
        eprintln!("{start}{} {:>6} {outcome}", self.label, Seconds(self.started.elapsed()));
    }

    /// Run a child to its end, its output in a log file, its last line shown while it runs. Returns what it printed:
    /// first standard output, then standard error.
    ///
    /// # Errors
    /// The child is missing or fails: one line with the cause as far as it can be told and a remedy.
    pub fn run(&self, command: &mut Command, remedy: &str) -> Result<String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let slug: String = self
            .label
            .chars()
            .skip_while(|c| *c != ']')
            .filter(|c| c.is_ascii_alphanumeric())
            .collect();
        let log =
            self.logs.join(format!("{}.log", if slug.is_empty() { "step".into() } else { slug }));
        let spawned =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => bail!("cannot start {program}: {error}. Remedy: {remedy}"),
        };
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let file = Arc::new(Mutex::new(File::create(&log)?));
        let out = child.stdout.take().map(|stream| follow(stream, tail.clone(), file.clone()));
        let err = child.stderr.take().map(|stream| follow(stream, tail.clone(), file));
        let mut next =
            Instant::now() + Duration::from_secs(if stderr().is_terminal() { 1 } else { 20 });
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() >= next {
                let last =
                    tail.lock().ok().and_then(|lines| lines.back().cloned()).unwrap_or_default();
                self.show(last.trim());
                next = Instant::now()
                    + Duration::from_secs(if stderr().is_terminal() { 1 } else { 20 });
            }
            thread::sleep(Duration::from_millis(30));
        };
        let stdout = out.and_then(|thread| thread.join().ok()).unwrap_or_default();
        let errors = err.and_then(|thread| thread.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(stdout + &errors);
        }
        eprintln!();
        for line in
            tail.lock().map(|lines| lines.iter().cloned().collect::<Vec<_>>()).unwrap_or_default()
        {
            eprintln!("    {line}");
        }
        bail!(
            "{program} failed ({status}): {}. The whole output is in {}",
            cause(&format!("{stdout}{errors}"), remedy),
            log.display()
        )
    }
}

/// What the output of a failed child says about the reason, with the remedy.
fn cause(output: &str, remedy: &str) -> String {
    let says = |needles: &[&str]| needles.iter().any(|needle| output.contains(needle));
    if says(&["No space left on device", "ENOSPC"]) {
        "the disk is full. Remedy: free 8 GB, or set SECTIO_CACHE to a folder on a larger disk, then run the same command again".into()
    } else if says(&[
        "Temporary failure in name resolution",
        "Temporary failure resolving",
        "Could not resolve host",
        "Could not connect",
        "Network is unreachable",
        "Connection refused",
        "getaddrinfo",
        "ENOTFOUND",
        "ECONNREFUSED",
        "NewConnectionError",
        "Couldn't resolve host",
        "Failed to fetch",
    ]) {
        "no network. Remedy: connect and run the same command again; what is there already is kept"
            .into()
    } else if says(&["Could not get lock", "Unable to acquire the dpkg"]) {
        "another package installation is running. Remedy: wait until it ends, then run the same command again".into()
    } else {
        format!("Remedy: {remedy}")
    }
}

fn follow(
    stream: impl Read + Send + 'static,
    tail: Arc<Mutex<VecDeque<String>>>,
    file: Arc<Mutex<File>>,
) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            let line = String::from_utf8_lossy(&bytes).into_owned();
            if let Ok(mut file) = file.lock() {
                let _ = file.write_all(line.as_bytes());
            }
            if let Ok(mut tail) = tail.lock() {
                tail.push_back(line.trim_end().to_owned());
                if tail.len() > 25 {
                    tail.pop_front();
                }
            }
            text.push_str(&line);
            bytes.clear();
        }
        text
    })
}

/// A duration as a person reads it.
pub struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let text = if seconds < 60.0 {
            format!("{seconds:.1} s")
        } else {
            format!("{}:{:02}", seconds as u64 / 60, seconds as u64 % 60)
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::cause;

    #[test]
    fn a_failure_names_its_cause() {
        for (output, word) in [
            ("write error: No space left on device (os error 28)", "disk is full"),
            ("warning: spurious network error: Could not resolve host", "no network"),
            ("E: Could not get lock /var/lib/dpkg/lock-frontend", "another package"),
            ("segmentation fault", "look at it"),
        ] {
            assert!(cause(output, "look at it").contains(word), "{output}");
        }
    }
}
