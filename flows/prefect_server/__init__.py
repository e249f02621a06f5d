"""The Prefect server that keeps the history of runs: our own, or the one that the user has set.

`local_server` starts and stops our own server, which outlives the run. `api` checks the address that the user has set.
`history` chooses between the two, and waits until a run is recorded before its process ends. `crashes` says why a
served run crashed. `console` keeps tracebacks off the terminal, `network` keeps talk within this machine clear of
proxies and certificates. `settings` are the defaults of Prefect in this project.

May import `tasks.local_state` and the engine's errors; nothing else of `flows`.

Start reading at `history.open_history`.
"""
