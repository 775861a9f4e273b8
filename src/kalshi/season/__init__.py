"""Simulated days and seasons of the index strategies, and their backtest over recorded candles."""
