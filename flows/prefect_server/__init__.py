"""The Prefect server that keeps the history of runs: ours, or the one that the user has set.

`local_server` starts and stops a server of our own, which outlives the run. `api` looks at the address that is set,
before a flow does. `history` chooses between them and sees that a run is recorded before its process ends. `crashes`
says why a run that was served crashed. `settings` are the defaults of Prefect in this project.

May import `tasks.local_state` and the engine's errors; nothing else of `flows`.

Start reading at `history.history`.
"""
