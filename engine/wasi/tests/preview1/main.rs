//! The functions of preview1, called as a guest calls them: mostly without an engine, and by guests
//! of one in `linking` and `random`.

mod attempts;
mod canary;
mod escape;
mod files;
mod guest;
mod interface;
mod limits;
mod linking;
mod pointers;
mod preopens;
mod races;
mod random;
mod readdir;
mod shared;
mod stdio;
mod waiting;
