#!/bin/sh
# Coverage-guided fuzzing with the stable compiler: libFuzzer's instrumentation consists of LLVM
# options that stable rustc passes on. Arguments go to libFuzzer, for example
#
#   fuzz/run.sh -max_total_time=3600
#
# --target keeps the instrumentation out of build scripts.
set -eu
cd "$(dirname "$0")/.."
export RUSTFLAGS="-Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares \
  -Cllvm-args=-sanitizer-coverage-stack-depth \
  -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
  --cfg fuzzing"
target=$(rustc -vV | sed -n 's/^host: //p')
cargo build --profile fuzz -p wasmtier-fuzz --features libfuzzer \
  --bin libfuzzer-differential --target "$target" --target-dir target/libfuzzer
corpus=target/libfuzzer/corpus
# Modules of a few bytes do nothing, and libFuzzer is slow to make inputs long: begin with long ones.
if [ ! -d "$corpus" ]; then
  mkdir -p "$corpus"
  for number in $(seq 100); do
    head -c 16384 /dev/urandom > "$corpus/begin-$number"
  done
fi
exec "target/libfuzzer/$target/fuzz/libfuzzer-differential" "$corpus" \
  -max_len=32768 -len_control=0 -timeout=20 -rss_limit_mb=3000 \
  -artifact_prefix=target/libfuzzer/ -print_final_stats=1 "$@"
