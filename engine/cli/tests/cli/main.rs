//! The command as its users meet it, the hostile ones included; run as a process.

mod corpus;
mod explore;
mod hostile;
mod invoke;
mod options;
mod profile;
mod program;
mod streams;
mod support;
mod traps;
