"""Resolves, fetches, compiles and packs crates with Cargo, in a cell that reaches nothing but a package index while it resolves and fetches.

  packages.py index                               prints the index that Cargo uses unless it is told of another
  packages.py resolve INDEX BUILDS                wanted.toml -> lock.txt, which is printed too
  packages.py install INDEX BUILDS                lock.txt -> sources, in Cargo's home
  packages.py pack INDEX MAX_FILES MAX_BYTES     compiles, without a network, and packs

The lock is a Cargo.toml with the dependencies alone, and the Cargo.lock with the hashes of all crates. Unless BUILDS is "on", a crate with a
build script or procedural macros is an error: compiling it would run its code. Only plain files are packed. The stream of `pack` is "RYPACK1\\n"
and entries of: mode as 1 byte (1: executable), length of the path as 2 bytes, of the content as 8, both big endian, path, content; then an
entry without path and content. Order and content depend on the crates alone.
"""

import json
import os
import re
import subprocess
import sys
from struct import pack as packed

TOML_MARK = "-- Cargo.toml --\n"
LOCK_MARK = "-- Cargo.lock --\n"
KNOWN_MARK = "-- known Cargo.lock --\n"
PROJECT = "/tmp/crates"
TARGET = "/tmp/target"
HEAD = '[package]\nname = "job"\nversion = "0.0.0"\nedition = "2021"\n\n'
# As jobs are compiled.
PROFILE = "\n[profile.release]\nopt-level = 2\n"
RUNS = {"custom-build": "a build script", "proc-macro": "procedural macros"}


def fail(message):
    sys.stderr.write(f"{message}\n")
    sys.exit(3)


def cargo(*args, index=None):
    config = []
    if index is not None:
        config = ["--config", "source.crates-io.replace-with='index'", "--config", f"source.index.registry='sparse+{index}'"]
    done = subprocess.run(["cargo", *args, *config], cwd=PROJECT, stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(done.returncode if done.returncode > 0 else 1)
    return done.stdout.decode()


def default_index():
    """Cargo names it nowhere but where it cannot reach it."""
    project('[dependencies]\nserde = "*"\n')
    said = subprocess.run(["cargo", "generate-lockfile"], cwd=PROJECT, capture_output=True, env={**os.environ, "CARGO_NET_RETRY": "0"})
    found = re.search(r"https?://\S+?/(?=config\.json)", said.stderr.decode())
    print(found[0] if found else said.stderr.decode())


def project(dependencies, lock=None):
    os.makedirs(f"{PROJECT}/src", exist_ok=True)
    with open(f"{PROJECT}/Cargo.toml", "w") as file:
        file.write(HEAD + dependencies + PROFILE)
    with open(f"{PROJECT}/src/lib.rs", "w"):
        pass
    if lock is not None:
        with open(f"{PROJECT}/Cargo.lock", "w") as file:
            file.write(lock)


def read(name):
    with open(name) as file:
        return file.read()


def metadata(index, *options):
    return json.loads(cargo("metadata", "--format-version=1", "--filter-platform", host(), *options, index=index))


def host():
    said = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE).stdout.decode()
    return next(line.split(": ")[1] for line in said.splitlines() if line.startswith("host: "))


def check_builds(found, builds):
    """Only of crates that are compiled for this platform."""
    used = {node["id"] for node in found["resolve"]["nodes"]}
    for crate in found["packages"]:
        runs = [words for target in crate["targets"] for kind in target["kind"] if (words := RUNS.get(kind))]
        if crate["id"] in used and runs and builds != "on":
            fail(f"needs-build: {crate['name']} {crate['version']} has {runs[0]}")


def resolve(index, builds):
    wanted = read("wanted.toml")
    toml, _, known = wanted.removeprefix(TOML_MARK).partition(KNOWN_MARK)
    project(toml, known if known else None)
    check_builds(metadata(index), builds)
    text = TOML_MARK + toml + LOCK_MARK + read(f"{PROJECT}/Cargo.lock")
    with open("lock.txt", "w") as file:
        file.write(text)
    sys.stdout.write(text)


def install(index, builds):
    toml, _, lock = read("lock.txt").removeprefix(TOML_MARK).partition(LOCK_MARK)
    project(toml, lock)
    check_builds(metadata(index, "--locked"), builds)
    cargo("fetch", "--locked", "--target", host(), index=index)


def externs(found, artifacts):
    """What the compiler of a job is told: where crates are, and those that it may name."""
    root = next(node for node in found["resolve"]["nodes"] if node["id"] == found["resolve"]["root"])
    lines = ["-L", "dependency=/environment/deps"]
    for one in sorted(root["deps"], key=lambda one: one["name"]):
        files = artifacts.get(one["pkg"], [])
        for file in files:
            lines += ["--extern", f"{one['name']}=/environment/deps/{os.path.basename(file)}"]
    return "".join(f"{line}\n" for line in lines)


def pack(index, max_files, max_bytes):
    # What was fetched is found by the same source, which nothing asks any more.
    said = cargo("build", "--release", "--frozen", "--target-dir", TARGET, "--message-format=json-render-diagnostics", index=index)
    found = metadata(index, "--frozen")
    artifacts = {}
    for line in said.splitlines():
        message = json.loads(line)
        if message["reason"] != "compiler-artifact" or "custom-build" in message["target"]["kind"]:
            continue
        files = [file for file in message["filenames"] if file.endswith((".rlib", ".so"))]
        if message["package_id"] != found["resolve"]["root"]:
            artifacts[message["package_id"]] = files
    out = sys.stdout.buffer
    out.write(b"RYPACK1\n")
    count, total = 0, 0

    def entry(path, content):
        nonlocal count, total
        count, total = count + 1, total + len(content)
        if count > max_files:
            fail(f"too large: more than {max_files} files")
        if total > max_bytes:
            fail(f"too large: more than {max_bytes} bytes")
        name = path.encode()
        out.write(packed(">BHQ", 0, len(name), len(content)) + name + content)

    paths = sorted(path for files in artifacts.values() for path in files)
    for path in paths:
        if os.path.islink(path) or not os.path.isfile(path):
            fail(f"{path} is no plain file; packages may hold plain files only")
        with open(path, "rb") as file:
            entry(f"deps/{os.path.basename(path)}", file.read(max_bytes + 1))
    entry("rustc-arguments", externs(found, artifacts).encode())
    out.write(packed(">BHQ", 0, 0, 0))
    out.flush()


verb, *rest = sys.argv[1:]
if verb == "index":
    default_index()
elif verb == "resolve":
    resolve(*rest)
elif verb == "install":
    install(*rest)
else:
    pack(rest[0], int(rest[1]), int(rest[2]))
