//! Profiles from outside: what is counted, and what is read from tools.

mod counting;
mod reading;
