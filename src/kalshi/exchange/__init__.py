"""The wire: signing, models, fixed-point money, error bodies, price grids."""
