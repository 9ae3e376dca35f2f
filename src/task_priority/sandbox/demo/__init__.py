"""What the sandbox has in it to begin with."""
