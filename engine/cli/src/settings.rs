//! [`Settings`]: what `-W` can set.
//!
//! Invariant: a key that is not known is an error that lists those that are.

use crate::proposals;
use crate::values::unsigned;

/// What happens to imports that nobody defines.
#[derive(Copy, Clone, PartialEq, Eq, Default)]
pub(crate) enum UnknownImports {
    /// The program is not run.
    #[default]
    Refuse,
    /// Functions trap when they are called.
    Trap,
    /// Functions return zero and null.
    Default,
}

/// What `-W` sets.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) unknown_imports: UnknownImports,
    /// Most bytes that each memory may have.
    pub(crate) max_memory_size: Option<usize>,
    /// Bytes of stack for wasm.
    pub(crate) max_wasm_stack: Option<usize>,
    /// Proposals to turn on or off, in the order they were given.
    pub(crate) proposals: Vec<(proposals::Switch, bool)>,
}

/// Those that are no proposals.
const KEYS: [&str; 4] =
    ["max-memory-size", "max-wasm-stack", "unknown-imports-default", "unknown-imports-trap"];

impl Settings {
    /// Takes `KEY[=VALUE][,KEY...]`. The later of two that contradict each other counts.
    pub(crate) fn set_all(&mut self, text: &str) -> Result<(), String> {
        text.split(',').try_for_each(|setting| {
            let (key, value) = match setting.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (setting, None),
            };
            self.set(key, value).map_err(|message| format!("-W {setting}: {message}"))
        })
    }

    fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), String> {
        match key {
            "max-memory-size" => self.max_memory_size = Some(bytes(value)?),
            "max-wasm-stack" => self.max_wasm_stack = Some(bytes(value)?),
            "unknown-imports-default" => self.choose(UnknownImports::Default, switch(value)?),
            "unknown-imports-trap" => self.choose(UnknownImports::Trap, switch(value)?),
            _ => match proposals::named(key) {
                Some(proposal) => self.proposals.push((proposal, switch(value)?)),
                None => return Err(format!("no such setting; there are {}", all_keys())),
            },
        }
        Ok(())
    }

    fn choose(&mut self, choice: UnknownImports, on: bool) {
        if on {
            self.unknown_imports = choice;
        } else if self.unknown_imports == choice {
            self.unknown_imports = UnknownImports::Refuse;
        }
    }
}

fn all_keys() -> String {
    let keys: Vec<_> = KEYS.into_iter().chain(proposals::names()).collect();
    keys.join(", ")
}

fn bytes(value: Option<&str>) -> Result<usize, String> {
    let number = value.and_then(unsigned).and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| "a number of bytes is wanted, as in `=65536`".to_owned())
}

fn switch(value: Option<&str>) -> Result<bool, String> {
    match value {
        None | Some("y" | "yes" | "true") => Ok(true),
        Some("n" | "no" | "false") => Ok(false),
        Some(_) => Err("`=y` or `=n` is wanted".to_owned()),
    }
}
