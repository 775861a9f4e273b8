"""Judging results: metrics, sanity checks, comparison."""
