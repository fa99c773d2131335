//! [`Error`]: what every fallible function of the API returns.
//!
//! What lives here: the carrier, its causes and its text. What does not: what it carries, which is
//! a failure of the engine's own ([`crate::ErrorKind`]), a trap (`wasmtier_ops::Trap`), a backtrace
//! or any error of the host's.
//!
//! Invariant: `{}` of any error of our own is one line that says what was wrong and where.

use core::any::Any;
use core::error::Error as StdError;
use core::fmt::{self, Debug, Display};

/// `Result` with [`Error`] as its default error.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Anything that went wrong: an [`ErrorKind`](crate::ErrorKind), a trap, or an error of a host
/// function as the host returned it.
///
/// `{}` is one line. `{:#}` adds the causes on the same line and what is attached (a backtrace) on
/// the following ones; `{:?}` gives everything a line of its own.
///
/// ```
/// use wasmtier::{Engine, ErrorKind, Module};
/// let error = Module::new(&Engine::default(), "(module)").unwrap_err();
/// assert!(matches!(error.downcast_ref(), Some(ErrorKind::Text)));
/// let error = error.context("cannot load the plugin");
/// assert_eq!(error.to_string(), "cannot load the plugin");
/// assert!(format!("{error:#}").starts_with("cannot load the plugin: "));
/// ```
pub struct Error(Box<Layers>);

struct Layers {
    root: Box<dyn Layer>,
    /// Innermost first.
    contexts: Vec<Box<dyn Layer>>,
    /// Shown by `{:?}`, found by `downcast_ref`, no part of the chain of causes.
    attached: Option<Box<dyn Layer>>,
}

/// One value in an error: an error, or a message.
trait Layer: Send + Sync {
    fn as_error(&self) -> &(dyn StdError + 'static);
    fn value(&self) -> &dyn Any;
    fn value_mut(&mut self) -> &mut dyn Any;
    fn into_value(self: Box<Self>) -> Box<dyn Any>;
    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync>;
}

struct Cause<E>(E);

impl<E: StdError + Send + Sync + 'static> Layer for Cause<E> {
    fn as_error(&self) -> &(dyn StdError + 'static) {
        &self.0
    }
    fn value(&self) -> &dyn Any {
        &self.0
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }
    fn into_value(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.0)
    }
    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync> {
        Box::new(self.0)
    }
}

/// A message in the role of an error.
struct Message<M>(M);

impl<M: Debug> Debug for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<M: Display> Display for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<M: Display + Debug> StdError for Message<M> {}

impl<M: Display + Debug + Send + Sync + 'static> Layer for Message<M> {
    fn as_error(&self) -> &(dyn StdError + 'static) {
        self
    }
    fn value(&self) -> &dyn Any {
        &self.0
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }
    fn into_value(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.0)
    }
    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync> {
        self
    }
}

impl Error {
    /// An error from any error value, as `?` makes it.
    pub fn new<E: StdError + Send + Sync + 'static>(error: E) -> Self {
        Self::from_layer(Box::new(Cause(error)))
    }

    /// An error from a message.
    pub fn msg<M: Display + Debug + Send + Sync + 'static>(message: M) -> Self {
        Self::from_layer(Box::new(Message(message)))
    }

    fn from_layer(root: Box<dyn Layer>) -> Self {
        Self(Box::new(Layers { root, contexts: Vec::new(), attached: None }))
    }

    /// The same error under a message that says what was being done; the message is found by
    /// [`Error::downcast_ref`] as the error itself still is.
    #[must_use]
    pub fn context<C: Display + Debug + Send + Sync + 'static>(mut self, context: C) -> Self {
        self.0.contexts.push(Box::new(Message(context)));
        self
    }

    /// Attaches a backtrace; an error that already has one keeps it.
    #[must_use]
    pub(crate) fn attach<T: Display + Debug + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.0.attached.get_or_insert_with(|| Box::new(Message(value)));
        self
    }

    /// Whether a value of type `E` is in the error.
    #[must_use]
    pub fn is<E: 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// The value of type `E` in the error: the error it was made from, a context, or what is
    /// attached (a backtrace).
    #[must_use]
    pub fn downcast_ref<E: 'static>(&self) -> Option<&E> {
        self.layers().find_map(|layer| layer.value().downcast_ref())
    }

    /// Like [`Error::downcast_ref`], to change the value.
    pub fn downcast_mut<E: 'static>(&mut self) -> Option<&mut E> {
        let Layers { root, contexts, attached } = &mut *self.0;
        let mut layers = contexts.iter_mut().rev().chain([root]).chain(attached);
        layers.find_map(|layer| layer.value_mut().downcast_mut())
    }

    /// Takes the value of type `E` out of the error.
    ///
    /// # Errors
    ///
    /// The unchanged error when no such value is in it.
    pub fn downcast<E: 'static>(self) -> Result<E, Self> {
        if !self.is::<E>() {
            return Err(self);
        }
        let Layers { root, contexts, attached } = *self.0;
        let mut layers = contexts.into_iter().rev().chain([root]).chain(attached);
        let found = layers.find_map(|layer| layer.into_value().downcast().ok());
        Ok(*found.expect("`is` has just found the value"))
    }

    /// The error and its causes, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let contexts = self.0.contexts.iter().rev().map(|layer| layer.as_error());
        contexts.chain(core::iter::successors(Some(self.0.root.as_error()), |&e| e.source()))
    }

    /// The innermost cause.
    #[must_use]
    pub fn root_cause(&self) -> &(dyn StdError + 'static) {
        self.chain().last().expect("a chain holds the error itself")
    }

    fn layers(&self) -> impl Iterator<Item = &dyn Layer> {
        let contexts = self.0.contexts.iter().rev();
        contexts.chain([&self.0.root]).chain(&self.0.attached).map(|layer| &**layer)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync> {
    /// An error without context is unwrapped; one with context becomes the text of `{:#}`.
    fn from(error: Error) -> Self {
        if error.0.contexts.is_empty() && error.0.attached.is_none() {
            return error.0.root.into_error();
        }
        format!("{error:#}").into()
    }
}

impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        <Box<dyn StdError + Send + Sync>>::from(error)
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, cause) in self.chain().enumerate() {
            match depth {
                0 => write!(f, "{cause}")?,
                _ if f.alternate() => write!(f, ": {cause}")?,
                _ => break,
            }
        }
        match &self.0.attached {
            Some(attached) if f.alternate() => write!(f, "\n{}", attached.as_error()),
            Some(_) | None => Ok(()),
        }
    }
}

impl Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, cause) in self.chain().enumerate() {
            match depth {
                0 => write!(f, "{cause}")?,
                1 => write!(f, "\n\nCaused by:\n    {cause}")?,
                _ => write!(f, "\n    {cause}")?,
            }
        }
        match &self.0.attached {
            Some(attached) => write!(f, "\n\n{}", attached.as_error()),
            None => Ok(()),
        }
    }
}

/// Adds what was being done to the error of a `Result`, or makes an error of `None`.
///
/// ```
/// use wasmtier::{Context, Engine, Module};
/// let module = Module::from_file(&Engine::default(), "absent.wasm").context("no plugin");
/// assert_eq!(module.unwrap_err().to_string(), "no plugin");
/// ```
pub trait Context<T>: Sized {
    /// Adds a message.
    ///
    /// # Errors
    ///
    /// Whatever `self` holds, under the message.
    fn context<C: Display + Debug + Send + Sync + 'static>(self, context: C) -> Result<T>;

    /// Adds a message that is only made on failure.
    ///
    /// # Errors
    ///
    /// Whatever `self` holds, under the message.
    fn with_context<C: Display + Debug + Send + Sync + 'static>(
        self,
        context: impl FnOnce() -> C,
    ) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    fn context<C: Display + Debug + Send + Sync + 'static>(self, context: C) -> Result<T> {
        self.map_err(|error| error.into().context(context))
    }

    fn with_context<C: Display + Debug + Send + Sync + 'static>(
        self,
        context: impl FnOnce() -> C,
    ) -> Result<T> {
        self.map_err(|error| error.into().context(context()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context<C: Display + Debug + Send + Sync + 'static>(self, context: C) -> Result<T> {
        self.ok_or_else(|| Error::msg(context))
    }

    fn with_context<C: Display + Debug + Send + Sync + 'static>(
        self,
        context: impl FnOnce() -> C,
    ) -> Result<T> {
        self.ok_or_else(|| Error::msg(context()))
    }
}
