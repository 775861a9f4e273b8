"""What must survive the process: runs, orders, fills, limits."""
