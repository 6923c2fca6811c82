"""`make serve`: serve the built book to this machine only."""

import functools
import http.server
import sys
from contextlib import suppress


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A handler for a folder's files that does not log requests."""

    def log_message(self, *_: object) -> None:
        """Do not log the request."""


def serve(folder: str, port: int) -> None:
    """Serve `folder` until Ctrl+C."""
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), functools.partial(Quiet, directory=folder))
    except OSError as error:
        sys.exit(f"Port {port} cannot be used: {error.strerror}. Choose another: make serve PORT={port + 1}")
    print(f"The book is at http://localhost:{port}/ until you press Ctrl+C.", flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
