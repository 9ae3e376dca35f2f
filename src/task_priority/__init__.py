"""Task Priority Lite: one ranked and explained list of what to do next, fitted into the calendar's free time."""
