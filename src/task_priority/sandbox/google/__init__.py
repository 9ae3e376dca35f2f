"""Google Calendar v3 and Google Tasks v1, as far as an exporter and a person at play need them."""
