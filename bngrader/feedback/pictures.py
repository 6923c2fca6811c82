"""Pictures in students' texts: only those that the notebook itself holds, as data, of bounded size."""

import base64
import io
import re
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from PIL import Image

PICTURE = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})")
PICTURE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
MAX_PICTURE_CHARACTERS = 5_000_000  # of base64
MAX_PICTURE_PIXELS = 50_000_000  # a browser needs four bytes for each; a few kilobytes can hold a billion
NO_PICTURE = {  # the text in place of a picture
    "data:,missing": "its file is missing",
    "data:,other": "left out because it is not a PNG, JPEG, GIF or WebP picture",
    "data:,large": "left out because it is too large",
    "data:,again": "shown above",
    "": "left out because the page would have to load it from somewhere else",
}

Pictures = Mapping[str, Any]  # a cell's attachments: data in base64 by type, by name


def without_pictures(source: str, attachments: Pictures | None = None) -> tuple[str, Pictures]:
    """Move the pictures out of a text, so that no parser has to read megabytes of base64.

    Returns the text with names in place of the pictures, and the pictures together with the attachments.
    """
    pictures = dict(attachments or {})

    def name(match: re.Match[str]) -> str:
        name = f"in-the-text-{len(pictures)}"
        pictures[name] = {match[1]: match[2]}
        return f"attachment:{name}"

    return PICTURE.sub(name, source), pictures


class ShownPictures:
    """The pictures of one cell. Each is shown once, so that a page never holds more than its notebook."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._shown: set[str] = set()

    def source(self, address: str) -> str | None:
        """Return a picture as a data URL, or a key of NO_PICTURE; None if the picture is somewhere else."""
        if address.startswith("attachment:"):
            name = address.removeprefix("attachment:")
            bundle = self._pictures.get(name) or self._pictures.get(unquote(name)) or {}
            mime = next((mime for mime in PICTURE_TYPES if isinstance(bundle.get(mime), str)), None)
            if mime is None:
                return "data:,other" if bundle else "data:,missing"
            address = f"data:{mime};base64,{''.join(bundle[mime].split())}"
        if not is_small(address):
            return "data:,large"
        if PICTURE.fullmatch(address) is None:
            return None
        if address in self._shown:
            return "data:,again"
        self._shown.add(address)
        return address


def is_small(picture: str) -> bool:
    """Return whether a browser can show a picture, given as a data URL, without much memory."""
    return len(picture) <= MAX_PICTURE_CHARACTERS and _pixels(picture.partition(",")[2]) <= MAX_PICTURE_PIXELS


def _pixels(data: str) -> int:
    """Read the number of pixels from a picture's header; 0 if it has none that Pillow knows, or browsers either."""
    try:
        with warnings.catch_warnings(action="ignore"):  # Pillow warns about large pictures
            width, height = Image.open(io.BytesIO(base64.b64decode(data)), formats=("PNG", "JPEG", "GIF", "WEBP")).size
    except Image.DecompressionBombError:
        return MAX_PICTURE_PIXELS + 1
    except Exception:  # Pillow raises many kinds of errors about damaged pictures
        return 0
    return int(width * height)
