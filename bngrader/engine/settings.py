"""The limits of a submission while it is graded, which nbgrader's configuration files can set."""

from typing import Any

from traitlets import Bool, Float, Int, List, Unicode
from traitlets.config import Configurable


class Engine(Configurable):
    """The limits of a submission. In `nbgrader_config.py`: `c.Engine.cell_seconds = 120`."""

    cell_seconds = Float(60, help="Seconds that one cell may run.").tag(config=True)
    call_seconds = Float(20, help="Seconds that one call of a test into the answer may run.").tag(config=True)
    notebook_seconds = Float(300, help="Seconds that a whole notebook may run.").tag(config=True)
    cpu_seconds = Float(240, help="CPU seconds that all processes of a submission may use together.").tag(config=True)
    memory_mb = Int(2048, help="MB of memory that a submission may use beyond the packages it imports.").tag(
        config=True
    )
    processes = Int(64, help="Processes and threads that a submission may have at one time.").tag(config=True)
    file_mb = Int(100, help="MB that one file may hold.").tag(config=True)
    folder_mb = Int(256, help="MB that a submission may write into its private folder.").tag(config=True)
    open_files = Int(256, help="Files and sockets that a process may have open.").tag(config=True)
    output_bytes = Int(500_000, help="Bytes of output that are kept of a cell.").tag(config=True)
    notebook_output_bytes = Int(
        20_000_000, help="Bytes that a graded notebook may have; outputs beyond that are left out."
    ).tag(config=True)
    message_mb = Int(256, help="MB that an answer may return from one call.").tag(config=True)
    worker_cpu_seconds = Float(60, help="CPU seconds that reading and showing a notebook may take.").tag(config=True)
    worker_memory_mb = Int(2048, help="MB of memory that reading and showing a notebook may take.").tag(config=True)
    hidden_seed = Int(
        None,
        allow_none=True,
        help="Seed of the hidden tests' random inputs, at least 64 random bits. By default it is in hidden_seed.txt, "
        "which the first round of grading writes. Each submission gets its own seed, which is made from it.",
    ).tag(config=True)
    private = List(
        Unicode(), help="Folders and files that no submission may see. The class's own are always among them."
    ).tag(config=True)
    unsafe_no_sandbox = Bool(
        False, help="Run submissions without a sandbox if the system has none. They can then do what you can."
    ).tag(config=True)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain data, for another process."""
        return {name: getattr(self, name) for name in self.trait_names(config=True)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Engine":
        """Make the settings from what `as_dict` returned."""
        return cls(**values)
