"""`make bench`: compare the reference package with other implementations; ratios below 1 mean that it is faster."""

from rich.console import Console
from rich.table import Table

from bnref.experiments.performance import errors, machine, peak_memory, ratios, timings


def main() -> None:
    """Print three tables: time, error and memory."""
    console = Console(width=110)
    console.print(machine())
    results = timings()
    speed = Table("task", "compared with", "dtype", "bnref's time / theirs", "worst shape", title="time")
    for r in ratios(results):
        speed.add_row(r.task, r.way, r.dtype, f"{r.mean:.2f}", f"{r.worst:.2f}")
    exact = Table("data", "bnref", "torch's kernel", "textbook NumPy", title="largest error in float32")
    for e in errors():
        exact.add_row(e.data, *(f"{x:.0e}" for x in (e.bnref, e.torch, e.textbook)))
    memory = Table("pass", "in sizes of the input", title="peak memory, including the result")
    for name, share in peak_memory().items():
        memory.add_row(name, f"{share:.2f}")
    for table in (speed, exact, memory):
        console.print(table)


main()
