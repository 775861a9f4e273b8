"""An exchange on this machine: the same signed bytes, other consequences."""
