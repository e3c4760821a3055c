//! Every store over both databases: one binary, so that one link serves all suites.

mod friends;
mod games;
mod mechanisms;
mod migrations;
mod players;
mod standings;
mod tickets;
mod worlds;
