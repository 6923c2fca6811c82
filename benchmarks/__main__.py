"""`make bench`: every benchmark, each a ratio of two ways to do the same, timed side by side in one run."""

import importlib
import pkgutil

from rich.console import Console
from rich.table import Table

import benchmarks


def main() -> None:
    """Run each section's benchmark and print one table: below 1 we are faster than the peer."""
    table = Table("what", "ours, ms", "peer", "peer, ms", "ours / peer")
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name not in ("__main__", "timing") and not module.name.startswith("grading"):
            for row in importlib.import_module(f"benchmarks.{module.name}").rows():
                ours, peer = 1e3 * row.ours, 1e3 * row.peer
                table.add_row(row.what, f"{ours:.2f}", row.peer_name, f"{peer:.2f}", f"{ours / peer:.2f}")
    Console(width=110).print(table)


main()
