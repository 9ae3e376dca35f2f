"""How tasks, ranking and plan look: as JSON documents, on a terminal, in Markdown, as a calendar. Pure functions."""
