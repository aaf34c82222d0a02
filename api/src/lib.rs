//! Wire types shared by app and server, and nothing else.
