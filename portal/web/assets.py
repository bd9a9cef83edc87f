"""Static files: read once at start, bundled, compressed once, named by their content.

A name with its hash in it may be kept for a year; a new content has a new name. Style sheets are bundled because a
visitor with one bar of signal pays for each request.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import brotli

ROOT: Final = Path(__file__).parents[2] / "static"
BUNDLES: Final = {
    "css/public.css": (
        "css/tokens.css",
        "css/base.css",
        "css/layout.css",
        "css/components.css",
        "css/visitors.css",
        "css/print.css",
    ),
    "css/staff-all.css": (
        "css/tokens.css",
        "css/base.css",
        "css/layout.css",
        "css/components.css",
        "css/staff.css",
        "css/print.css",
    ),
}
COMPRESSIBLE: Final = (".css", ".js", ".svg", ".json", ".webmanifest", ".txt", ".map", ".html")
SMALL: Final = 600  # octets; below it compression costs more than it saves

mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("application/wasm", ".wasm")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with its compressed forms; an encoding that does not help is None."""

    url: str
    media_type: str
    body: bytes
    gzipped: bytes | None
    brotlied: bytes | None

    def best(self, accept_encoding: str) -> tuple[bytes, str | None]:
        """The smallest form that the client takes, and its encoding."""
        if self.brotlied and "br" in accept_encoding:
            return self.brotlied, "br"
        if self.gzipped and "gzip" in accept_encoding:
            return self.gzipped, "gzip"
        return self.body, None


class Assets:
    """All static files by their path and by their hashed name."""

    def __init__(self, root: Path = ROOT) -> None:
        self.by_path: dict[str, Asset] = {}
        self.by_name: dict[str, Asset] = {}
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix not in (".md", ".ttf", ".otf"):
                self._add(path.relative_to(root).as_posix(), path.read_bytes())
        for name, parts in BUNDLES.items():
            present = [root / part for part in parts if (root / part).is_file()]
            self._add(name, b"\n".join(part.read_bytes() for part in present))

    def _add(self, path: str, body: bytes) -> None:
        stem, dot, suffix = path.rpartition(".")
        digest = hashlib.sha256(body).hexdigest()[:10]
        name = f"{stem}.{digest}{dot}{suffix}"
        compress = f".{suffix}" in COMPRESSIBLE and len(body) > SMALL
        media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        if media_type.startswith("text/") or media_type.endswith("javascript"):
            media_type += "; charset=utf-8"
        asset = Asset(
            url=f"/static/{name}",
            media_type=media_type,
            body=body,
            gzipped=gzip.compress(body, 9, mtime=0) if compress else None,
            brotlied=brotli.compress(body) if compress else None,
        )
        self.by_path[path] = asset
        self.by_name[name] = asset

    def url(self, path: str) -> str:
        """The hashed address of a file, as templates ask for it; an unknown path is an error."""
        return self.by_path[path].url

    def find(self, name: str) -> tuple[Asset, bool] | None:
        """The file of this address, and whether its name carries the hash (so that it never changes)."""
        if found := self.by_name.get(name):
            return found, True
        if found := self.by_path.get(name):
            return found, False
        return None
