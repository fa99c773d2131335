"""Tells the runner of wasi-testsuite how to run a program with wasmtier.

    python3 test-runner/wasi_test_runner.py -r .../tests/wasi-testsuite/wasmtier.py \
        -t tests/{assemblyscript,c,rust}/testsuite/wasm32-wasip1

runs the suite from a clone of https://github.com/WebAssembly/wasi-testsuite. The command is
`wasmtier` on the path, or what the variable WASMTIER says, with options if need be.

The runner imports this file and calls the functions below; importing must print nothing.
"""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

COMMAND = shlex.split(os.environ.get("WASMTIER", "wasmtier"))


def get_name() -> str:
    return "wasmtier"


def get_version() -> str:
    """The version alone: the command prints its name before it."""
    printed = subprocess.run(
        [COMMAND[0], "--version"], check=True, capture_output=True, encoding="utf-8"
    )
    return printed.stdout.split()[1]


def get_wasi_versions() -> List[str]:
    return ["wasm32-wasip1"]


def get_wasi_worlds() -> List[str]:
    return ["wasi:cli/command"]


def compute_argv(
    test_path: str,
    args_env_dirs: Tuple[List[str], Dict[str, str], List[Tuple[Path, str]]],
    proposals: List[str],
    *world_and_version: str,
) -> List[str]:
    """The command line of one test. Older runners pass no world."""
    del proposals, world_and_version  # There is one answer for all that is said to be supported.
    args, env, dirs = args_env_dirs
    variables = [option for name in env for option in ("--env", f"{name}={env[name]}")]
    folders = [option for host, guest in dirs for option in ("--dir", f"{host}::{guest}")]
    return [*COMMAND, *variables, *folders, "--", test_path, *args]
