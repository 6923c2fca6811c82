"""Namespaces."""

from typing import Any


def available() -> str | None:
    return "not yet"


def enter(options: dict[str, Any]) -> Any:
    return None
