//! [`MODES`]: the configurations in which everything must behave the same.
//!
//! What lives here: their one list. What does not: what is run in them.

use wasmtier::{Config, Engine, Tier};

/// A configuration of the engine.
#[derive(Copy, Clone, Debug)]
pub struct Mode {
    /// Its name in the output of tests.
    pub name: &'static str,
    configure: fn(&mut Config),
}

/// Every mode. Results are the same in all.
pub const MODES: &[Mode] = &[
    Mode { name: "portable", configure: |config| _ = config.tier(Tier::Portable) },
    // Memories move when they grow, and bounds are checked by code.
    Mode {
        name: "portable-checked",
        configure: |config| {
            config.tier(Tier::Portable).signals_based_traps(false).memory_reservation(0);
        },
    },
    // Bounds are found by the hardware.
    Mode { name: "interp", configure: |config| _ = config.tier(Tier::Interp) },
    // What waits until a function is warm is done at its first call.
    Mode {
        name: "interp-stressed",
        configure: |config| _ = config.tier(Tier::Interp).stress(true),
    },
    // As the second, and with no more instructions than any processor has that will do.
    Mode {
        name: "interp-checked",
        configure: |config| {
            config.tier(Tier::Interp).signals_based_traps(false).memory_reservation(0);
            config.cpu_features(0);
        },
    },
    Mode {
        name: "interp-checked-stressed",
        configure: |config| {
            config.tier(Tier::Interp).signals_based_traps(false).memory_reservation(0);
            config.stress(true);
        },
    },
    // Every function is compiled.
    Mode { name: "jit", configure: |config| _ = config.tier(Tier::Jit) },
    // As the second, and with no more instructions than any processor has that will do.
    Mode {
        name: "jit-checked",
        configure: |config| {
            config.tier(Tier::Jit).signals_based_traps(false).memory_reservation(0);
            config.cpu_features(0);
        },
    },
    // About half of the functions are compiled, and the others are interpreted.
    Mode {
        name: "jit-mixed",
        configure: |config| _ = config.tier(Tier::Jit).stress(true).tier_mask(1),
    },
    // Every function begins interpreted and goes on compiled when it loops.
    Mode {
        name: "osr-stressed",
        configure: |config| _ = config.tier(Tier::Jit).stress(true).stress_osr(true),
    },
    // About half of the functions do, and the others are compiled.
    Mode {
        name: "osr-mixed",
        configure: |config| {
            config.tier(Tier::Jit).stress(true).stress_osr(true).tier_mask(1);
            config.signals_based_traps(false).memory_reservation(0);
        },
    },
];

impl Mode {
    /// The default configuration in this mode.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        (self.configure)(&mut config);
        config
    }

    /// An engine in this mode, otherwise with the defaults.
    ///
    /// # Panics
    ///
    /// When this build or host cannot do what the mode needs.
    #[must_use]
    pub fn engine(&self) -> Engine {
        Engine::new(&self.config()).unwrap_or_else(|error| panic!("mode {}: {error}", self.name))
    }
}
