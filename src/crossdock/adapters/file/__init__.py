"""Messages as files in folders: the channel adapters of the file transport."""
