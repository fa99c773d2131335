//! [`mixes`]: configurations that differ in which functions are compiled.

use wasmtier::{Config, Tier};

/// A configuration.
pub(crate) struct Mix {
    /// Says which in the output of tests.
    pub(crate) name: String,
    pub(crate) config: Config,
}

/// All functions interpreted, all compiled, all changing over in their loops, and six times another
/// half of them compiled, while the rest do that in three; each with memories that are guarded and
/// that are not.
pub(crate) fn mixes() -> Vec<Mix> {
    let mut mixes = Vec::new();
    for signals in [true, false] {
        for seed in 0..9 {
            let mut config = Config::new();
            config.signals_based_traps(signals);
            match seed {
                0 => config.tier(Tier::Interp),
                1 => config.tier(Tier::Jit),
                8 => config.tier(Tier::Jit).stress(true).stress_osr(true),
                seed if seed > 4 => {
                    config.tier(Tier::Jit).stress(true).stress_osr(true).tier_mask(seed)
                }
                seed => config.tier(Tier::Jit).tier_mask(seed),
            };
            mixes.push(Mix { name: format!("signals {signals}, seed {seed}"), config });
        }
    }
    mixes
}
