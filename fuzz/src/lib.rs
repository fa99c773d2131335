//! Generators and oracles for differential fuzzing.
