"""Index events: discovery, index quotes and history, likelihood of a move."""
