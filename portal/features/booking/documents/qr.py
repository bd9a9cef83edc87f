"""QR codes as inline SVG."""

import segno
from markupsafe import Markup


def svg(text: str, label: str) -> Markup:
    """A QR code that a screen reader can name; error correction M, quiet zone of four modules."""
    drawn = segno.make_qr(text, error="m").svg_inline(
        border=4, omitsize=True, svgclass=None, lineclass=None, title=label
    )
    return Markup(drawn.replace("<svg", '<svg role="img"', 1))  # noqa: S704  segno escapes the title


def matrix(text: str) -> list[str]:
    """The modules as rows of 0 and 1, without a quiet zone: for documents that draw it themselves."""
    code = segno.make_qr(text, error="m")
    return ["".join("1" if module else "0" for module in row) for row in code.matrix]
