"""Pure arithmetic: fees, expected value, sizing, probability of a strike."""
