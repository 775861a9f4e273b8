"""Past events of the exchange, kept on this machine: markets with results, and candles."""
