"""The links that stay in a student's text: to other sites, to mail addresses, and to places in the page itself."""

import re
from collections.abc import Iterable

# A name with a dot whose last part begins with a letter. Browsers read many other forms (2130706433, 0x7f.1, [::1], a
# name in other letters, user@host) as an address that only they know, so no link has one of them.
OUTSIDE = re.compile(
    r"https?://(?P<host>(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*)\.?(?::\d{1,5})?(?:[/?#].*)?", re.IGNORECASE | re.DOTALL
)
LOOPBACK = ("localhost", "localdomain")  # the last part of names of the reader's own machine


def is_allowed(address: str, own_hosts: Iterable[str] = ()) -> bool:
    """Return whether a student's link may lead to an address: not to the reader's machine, nor to one of `own_hosts`.

    On these, a reader is logged in, so a click could log them out or act with their rights.
    """
    if address.startswith("#") or re.match("mailto:", address, re.IGNORECASE):
        return True
    outside = OUTSIDE.fullmatch(address)
    if outside is None:
        return False
    host = outside["host"].casefold()
    return host.rpartition(".")[2] not in LOOPBACK and not any(_related(host, own.casefold()) for own in own_hosts)


def _related(one: str, other: str) -> bool:
    """Return whether two names of hosts are the same, or one is below the other, as a hub's services are."""
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")
