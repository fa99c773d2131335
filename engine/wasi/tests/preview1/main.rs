//! The functions of preview1, called as a guest calls them but without an engine.

mod attempts;
mod canary;
mod escape;
mod files;
mod guest;
mod pointers;
mod readdir;
mod stdio;
mod waiting;
