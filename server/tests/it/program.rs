//! The program under test, and the folders it serves.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::JoinHandle,
};

/// A command line of the program, ready to run.
pub fn sectio(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sectio"));
    command.args(arguments).env_remove("SECTIO_LOG").env_remove("RUST_LOG");
    command
}

/// A folder that disappears with its owner.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sectio-it-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a writable temporary folder");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).unwrap();
        fs::write(path, content).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    /// "127.0.0.1:40123".
    pub address: String,
}

impl Server {
    /// Serve `bundle` on a free port.
    pub fn start(bundle: &Folder) -> Self {
        Self::start_with(&["--bundle", bundle.path().to_str().unwrap()])
    }

    /// `sectio serve --port 0` with more arguments; returns once it says that it is ready.
    pub fn start_with(arguments: &[&str]) -> Self {
        let mut command = sectio(&["serve", "--port", "0"]);
        Self::spawn(command.args(arguments))
    }

    /// As [`Server::start_with`]; the thread ends with the whole log when the server ends.
    pub fn start_logged(mut command: Command) -> (Self, JoinHandle<String>) {
        let mut server = Self::spawn(command.stderr(Stdio::piped()));
        let mut log = server.child.stderr.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).expect("a UTF-8 log");
            text
        });
        (server, reader)
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("Sectio is ready: http://").expect("its address");
        Self { child, address: address.trim_end_matches('/').to_owned() }
    }

    /// Ask it to stop as a service manager does.
    #[cfg(unix)]
    pub fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.expect("kill is there").success());
    }

    /// Exit code, once it has stopped.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("a child to wait for").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
