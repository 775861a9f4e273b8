"""The embedded sample: made-up counts and a made-up ladder. Whatever shows them must say SAMPLE."""

from __future__ import annotations

from kalshi.tsa.sample_counts import SAMPLE_SEED, sample_counts, sample_vintages
from kalshi.tsa.sample_ladder import sample_ladder

__all__ = ["SAMPLE_SEED", "sample_counts", "sample_ladder", "sample_vintages"]
