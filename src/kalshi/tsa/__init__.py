"""TSA counts and their vintages, forecast models, contract probabilities, simulation."""
