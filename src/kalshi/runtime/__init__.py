"""What turns a function into a job: arguments, run row, lock, clock, log, mail, exit code."""
