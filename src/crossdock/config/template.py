"""The ``crossdock.toml`` that ``crossdock init`` writes: every key with its default, and when to change it."""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = """\
# Crossdock's configuration. Every key is optional; the values below are the defaults.
# Check it with "crossdock check"; see what is in force, and why, with "crossdock config show --origin".
# An environment variable overrides a key: CROSSDOCK_STORE__URL, CROSSDOCK_QUEUE__LEASE, …

[store]
url = "sqlite:///crossdock.db"    # relative to this file's folder; sqlite:////data/work.db is absolute
# password = { env = "DATABASE_PASSWORD" }   # on PostgreSQL: where it is kept; or { file = … }, { keyring = … }
# outside_writers = false         # true, if programs with an affected SQLite write to it (see "crossdock doctor")
# min_free_bytes = "64 MiB"       # take nothing in while the disk has less free space than this
# claim_check_bytes = "256 KiB"   # larger data is stored once, outside the rows of its receivers
# lock_timeout = "10s"            # how long a write waits for other programs

[queue]                           # what holds for every app that says nothing else
# lease = "30s"                   # how long a claimed message belongs to its worker
# max_crashes = 3                 # a message whose worker died so often becomes a dead letter
# retry = { max_attempts = 8, backoff = "1s..5m", jitter = true }

[retention]                       # what becomes of completed messages
# automatic = true                # the processes of the store do it by themselves
# completed_for = "7d"            # they stay in the queue for so long, then they are archived
# archived_for = "30d"            # they stay in the archive for so long, then they go to files
# dedup_for = "30d"               # how long an archived id is known
# max_completed_bytes = "1 GiB"   # of each app at most so much stays in the queue, the newest
# max_archived_bytes = "4 GiB"    # and so much in the archive, as far as dedup_for allows
# to_files = true                 # false: what is archived stays in its table

[run]                             # what "crossdock run" starts
# workers = 1                     # worker processes, each with every app that has a handler
# drain = "10s"                   # a worker that is told to stop ends within this time
# examine_at = "03:00"            # when each night the file of the store is examined for damage (on SQLite)

[log]                             # what "crossdock run" and "crossdock worker" write to standard error
# level = "info"                  # or debug (each delivery), warning, error
# format = "auto"                 # text on a terminal, else json: one object on each line

# [api]                           # the REST API; with this table "crossdock run" serves it, too
# host = "127.0.0.1"              # an address that others reach needs keys, allowed_hosts, and TLS or behind_proxy
# port = 8765
# share_port = false              # true, if further processes of the same user may listen there, too
# behind_proxy = false            # true, if a proxy in front speaks TLS; else tls_cert and tls_key name files
# allowed_hosts = []              # the names by which clients may call it, beside localhost
# max_body_bytes = "8 MiB"        # of a request, after decompression
# max_json_depth = 64             # so deep may its JSON be nested
# body_timeout = "30s"            # the whole of it must have come within this time
# max_wait = "1m"                 # a claim may wait so long for a message at most
# rate = "1000/s"                 # so many requests each key may make
# strangers_rate = "60/m"         # so often may one address without a key fetch the documentation
# require_idempotency_key = false   # true, if what makes something must bring an Idempotency-Key
# allow_definitions = false       # true, if a key with host:admin may change what is executed, from this machine

# An app has a table [apps.NAME] if a worker is to work for it, or if it differs:
#
# [apps.validator]
# outbound = { python = "orders.checks:validate" }   # the function that gets its messages
# next = ["warehouse"]            # who receives what the function returns
# concurrency = 8                 # so many at a time in each worker
# timeout = "30s"                 # how long one call may last
# retry = { max_attempts = 5, backoff = "500ms..1m", time_budget = "1h" }
# max_depth = 10000               # take nothing in while so many wait
# max_processing = 4              # so many at a time in all workers together
# rate = "100/m"                  # so many begun in a time by all workers together
# breaker = { after = 5, park = "5s..5m" }   # leave the queue alone while the far side is down
# fallback = "by-hand"            # who receives, too, what fails here for good
# on_dead = "block"               # a dead letter keeps later messages of its partition key waiting

# What sends itself has a table [schedules.NAME]:
#
# [schedules.report]
# cron = "0 7 * * 1-5"            # or every = "5m", or at = 2031-05-17T08:30:00+02:00
# timezone = "Europe/Paris"       # whose clocks cron means; UTC unless set
# app = "reporter"                # whose queue; the schedule's name unless set
# data = { kind = "daily" }
# missed = "latest"               # after a standstill: the last slot late; "all" of them, or "skip"
"""
