"""The Message Store on PostgreSQL. Imported only for a ``postgresql…`` URL: it needs the extra of that name."""
