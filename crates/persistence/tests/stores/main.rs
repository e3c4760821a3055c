//! Every store over both databases: one binary, so that one link serves all suites.

mod mechanisms;
mod migrations;
mod worlds;
