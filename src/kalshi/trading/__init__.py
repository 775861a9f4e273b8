"""The one door for money: order identity, controls, submit, cancel, outcomes, reconciliation."""
