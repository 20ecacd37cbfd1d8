#!/usr/bin/env python3
"""Holds every dependency against deny.toml: its licence, and where it comes from.

Reads `cargo metadata` of the lock file, for all platforms and features, and needs neither network nor
any package beyond Python 3.11. The lists stand in deny.toml alone; cargo-deny reads them as well.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def satisfied(expression: str, allowed: set[str]) -> bool:
    """Whether the SPDX expression can be met with the allowed licences. AND binds tighter than OR."""
    # Old manifests write `MIT/Apache-2.0` for a choice.
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    place = 0

    def peek() -> str | None:
        return tokens[place] if place < len(tokens) else None

    def take() -> str:
        nonlocal place
        if place >= len(tokens):
            raise ValueError("it ends too early")
        place += 1
        return tokens[place - 1]

    def choice() -> bool:
        met = every()
        while peek() == "OR":
            take()
            # The right side is read in any case, so that its syntax is checked.
            right = every()
            met = met or right
        return met

    def every() -> bool:
        met = one()
        while peek() == "AND":
            take()
            right = one()
            met = met and right
        return met

    def one() -> bool:
        token = take()
        if token == "(":
            met = choice()
            if take() != ")":
                raise ValueError("a bracket is not closed")
            return met
        if token in {")", "AND", "OR", "WITH"}:
            raise ValueError(f"`{token}` is not expected there")
        if peek() == "WITH":
            take()
            token = f"{token} WITH {take()}"
        return token in allowed

    met = choice()
    if peek() is not None:
        raise ValueError(f"`{peek()}` is not expected there")
    return met


def complaints(package: dict, allowed: set[str], registries: set[str]) -> list[str]:
    """What is wrong with one dependency."""
    found = []
    expression = package["license"]
    if expression is None:
        found.append("names no licence")
    else:
        try:
            if not satisfied(expression, allowed):
                found.append(f"its licence `{expression}` is not met by the allow list of deny.toml")
        except ValueError as error:
            found.append(f"its licence `{expression}` cannot be read: {error}")
    source = package["source"]
    if source is None:
        found.append("comes from a path, not from a registry")
    elif source.removeprefix("registry+") not in registries:
        found.append(f"comes from {source}, which deny.toml does not allow")
    return found


def main() -> int:
    policy = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    allowed = set(policy["licenses"]["allow"])
    registries = set(policy["sources"]["allow-registry"])
    banned = {entry["crate"] for entry in policy["bans"]["deny"]}
    output = subprocess.run(
        ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"],
        cwd=ROOT,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ).stdout
    metadata = json.loads(output)
    ours = set(metadata["workspace_members"])
    dependencies = [package for package in metadata["packages"] if package["id"] not in ours]
    failed = False
    for package in dependencies:
        found = complaints(package, allowed, registries)
        if package["name"] in banned:
            found.append("is banned by deny.toml")
        for complaint in found:
            failed = True
            print(f"{package['name']} {package['version']}: {complaint}", file=sys.stderr)
    if not failed:
        print(f"{len(dependencies)} dependencies: licences and sources are as deny.toml asks")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
