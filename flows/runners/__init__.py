"""What works on the pairs of a batch: threads of this process, a Ray cluster, or workers elsewhere.

`task_runs` runs each shard as a task run, in threads or on Ray. `workers` runs each shard as a flow run of a deployment
that workers serve, and gathers the rows. `absolute_paths` names folders and files so that other processes find them.

May import `tasks`; nothing else of `flows`.

Start reading at `task_runs.run_as_task_runs`.
"""
