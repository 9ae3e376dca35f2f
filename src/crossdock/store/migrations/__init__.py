"""The migrations of a store; never edited once released. Expand first, contract a release later."""
