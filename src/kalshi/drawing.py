"""How every picture of this project is begun and ended: one look, one mark, a PNG without a display.

matplotlib is imported when a picture is drawn, never before.
"""

from __future__ import annotations

import io
import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, GREY = "#1f5fa8", "#d9822b", "#3a8f5c", "#b5413b", "#8a8f98"


def new_figure(width: float, height: float, title: str, *, mark: str = "", dpi: int = 120) -> Figure:
    """Return an empty figure of *width* times *height* inches. mark: such as SAMPLE, written across; or empty."""
    prepare()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi)
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.08, wspace=0.03)
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12, fontweight="bold", x=0.012, ha="left")
    if mark:
        figure.text(
            0.5, 0.5, mark, fontsize=90, color=RED, alpha=0.09, ha="center", va="center", rotation=18, fontweight="bold"
        )
    return figure


def png(figure: Figure) -> bytes:
    """Return *figure* as PNG; the same figure gives the same bytes."""
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def prepare() -> None:
    """Let matplotlib keep its fonts where it may write: cron may have no home. Call before its first import."""
    os.environ.setdefault("MPLCONFIGDIR", tempfile.gettempdir())
