"""One module per command, or per group of commands, named as on the command line."""
