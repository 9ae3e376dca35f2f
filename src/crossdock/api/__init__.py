"""The door for programs in any language: HTTP, under ``/api/v1``."""
