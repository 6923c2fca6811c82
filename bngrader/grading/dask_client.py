"""A client of dask.distributed that unpickles nothing but plain texts and numbers.

Dask sends exceptions, results and events as pickles, which can run any code where they are read, and it has no setting
against that. Whoever can reach the scheduler can be a worker, so the command reads pickles only if they name no class
and no function; the scheduler and the workers read what the command sends, as usual.
"""

import ipaddress
import pickle
import pickletools
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bngrader.course.folders import CourseError

LOOPBACK = "localhost"
CONNECT_TIMEOUT = "20s"


@dataclass(frozen=True)
class Scheduler:
    """The address of a scheduler, and the files that TLS needs: of the authority, and the command's own."""

    address: str
    tls_ca_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure: bool = False  # connect over the network although anybody there could take part

    def check(self) -> None:
        """Raise CourseError unless only those with a certificate, or on this machine, can be reached and take part."""
        scheme, _, place = self.address.rpartition("://")
        files = {"--tls-ca-file": self.tls_ca_file, "--tls-cert": self.tls_cert, "--tls-key": self.tls_key}
        if scheme in ("tls", "wss"):
            missing = [option for option, file in files.items() if file is None]
            if missing:
                raise CourseError(f"--scheduler {self.address} needs certificates: add {', '.join(missing)}")
        elif any(files.values()):
            raise CourseError(
                f"--scheduler {self.address} is not encrypted: write tls://{place}, or leave --tls-... out"
            )
        elif not self.insecure and not _is_loopback(place):
            raise CourseError(
                f"--scheduler {self.address} has no TLS: whoever can reach this address can run code as you. Give the "
                f"cluster certificates, and write tls://{place} with --tls-ca-file, --tls-cert and --tls-key; or, on a "
                "network where nobody else is, add --insecure-scheduler"
            )
        for option, file in files.items():
            if file is not None and not file.is_file():
                raise CourseError(f"{option} {file}: there is no such file")

    def security(self) -> Any:
        """Return Dask's description of the certificates, if there are any."""
        from distributed.security import Security

        if self.tls_ca_file is None:
            return None
        return Security(
            tls_ca_file=str(self.tls_ca_file),
            tls_client_cert=str(self.tls_cert),
            tls_client_key=str(self.tls_key),
            require_encryption=True,
        )


def _is_loopback(place: str) -> bool:
    host = place.rpartition(":")[0].strip("[]") or place
    try:
        return host == LOOPBACK or ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name, which may belong to another machine
        return False


@contextmanager
def connected(scheduler: Scheduler) -> Iterator[Any]:
    """Yield a client of the scheduler.

    Raises CourseError if the scheduler cannot be reached.
    """
    try:
        from distributed import Client, client, core
        from distributed.protocol import pickle as serialization
    except ModuleNotFoundError as error:
        raise CourseError("--scheduler needs Dask: pip install 'bncourse[cluster]'") from error
    careful = types.ModuleType("pickle")
    vars(careful).update(vars(pickle), loads=load_plain, load=None, Unpickler=_PlainUnpickler)
    with (
        patch.object(serialization, "pickle", careful),
        patch.object(client, "pickle", careful),
        patch.object(client, "clean_exception", _clean_exception),
        patch.object(core, "clean_exception", _clean_exception),
        patch.object(Client, "_default_event_handlers", {}),  # which print and unpickle what workers send
    ):
        try:
            security = scheduler.security()
            connection = Client(scheduler.address, timeout=CONNECT_TIMEOUT, set_as_default=False, security=security)
        except (OSError, ValueError) as error:
            raise CourseError(
                f"--scheduler {scheduler.address}: no scheduler answers at this address ({error})"
            ) from error
        with connection:
            yield connection


class NotUnpickledError(Exception):
    """Stands in for an object that was not unpickled. Its text holds the texts in the pickle."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "bytes"):  # Dask names the class of bytes when it sends any
            return bytes
        raise pickle.UnpicklingError(f"{module}.{name} is not unpickled here")


def load_plain(data: Any, *, buffers: Any = ()) -> Any:
    """Unpickle plain texts, numbers and collections of them, and return a NotUnpickledError for anything else.

    It is returned and not raised because Dask would take that for a broken connection.
    """
    try:
        return _PlainUnpickler(BytesIO(data), buffers=buffers).load()
    except Exception:
        return NotUnpickledError(" ".join(texts_in(data)))


def _clean_exception(exception: Any, traceback: Any = None, **others: Any) -> tuple[Any, BaseException, None]:
    """Do what Dask's `clean_exception` does, without unpickling: return an error for one that was sent."""
    if isinstance(exception, bytes | bytearray):
        exception = NotUnpickledError(" ".join(texts_in(exception)))
    error = exception if isinstance(exception, BaseException) else Exception(str(exception))
    return type(error), error, None


def texts_in(data: Any) -> list[str]:
    """Return the texts in a pickle, such as an exception's class and message, without unpickling it."""
    try:
        return [found for _, found, _ in pickletools.genops(bytes(data)) if isinstance(found, str)]
    except Exception:
        return []
