//! The `sectio` program as its users meet it: started as a process, spoken to over sockets.

mod case;
mod http;
mod program;
mod serve;
mod twin;
