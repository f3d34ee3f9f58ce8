"""Work off the GUI thread: the compute thread with its mailboxes, and processes that run jobs."""
