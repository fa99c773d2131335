//! What `Error` holds, finds and shows.

use std::error::Error as StdError;
use std::num::ParseIntError;

use wasmtier::{Context, Error, Result, Trap};

fn parse(text: &str) -> Result<i32> {
    Ok(text.parse::<i32>()?)
}

#[test]
fn finds_what_it_was_made_from() {
    let mut error = parse("x").unwrap_err().context("no number").context(7u8);
    assert!(error.is::<ParseIntError>() && !error.is::<Trap>());
    assert_eq!(error.downcast_ref::<&str>(), Some(&"no number"));
    *error.downcast_mut::<u8>().expect("the context is a u8") = 8;
    let error = error.downcast::<Trap>().unwrap_err();
    assert_eq!(error.downcast::<u8>().expect("the context is a u8"), 8);
    let trap = Error::new(Trap::StackOverflow).downcast::<Trap>();
    assert_eq!(trap.expect("it is a trap"), Trap::StackOverflow);
}

#[test]
fn shows_one_line_or_all() {
    let error = parse("x").context("bad line").with_context(|| "bad file").unwrap_err();
    assert_eq!(error.to_string(), "bad file");
    assert_eq!(format!("{error:#}"), "bad file: bad line: invalid digit found in string");
    let debug = "bad file\n\nCaused by:\n    bad line\n    invalid digit found in string";
    assert_eq!(format!("{error:?}"), debug);
    assert_eq!(error.chain().count(), 3);
    assert!(error.root_cause().is::<ParseIntError>());
}

#[test]
fn makes_errors_of_options_and_messages() {
    assert_eq!(None::<()>.context("nothing").unwrap_err().to_string(), "nothing");
    assert_eq!(Error::msg(format!("{} left", 0)).to_string(), "0 left");
    assert_eq!(Some(1).context("nothing").expect("there is one"), 1);
}

#[test]
fn becomes_a_standard_error() {
    let plain: Box<dyn StdError + Send + Sync> = parse("x").unwrap_err().into();
    assert!(plain.is::<ParseIntError>());
    let with_context: Box<dyn StdError> = parse("x").context("bad line").unwrap_err().into();
    assert_eq!(with_context.to_string(), "bad line: invalid digit found in string");
}
