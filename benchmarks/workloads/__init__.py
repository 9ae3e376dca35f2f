"""The workloads, one a module, in the order of the table of bars."""
