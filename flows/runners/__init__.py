"""What works on the pairs of a batch: threads of this process, a Ray cluster, or workers elsewhere.

`task_runs` makes a task run of each shard, in threads or on Ray. `workers` makes a flow run of each shard, for whoever
serves the deployment, and gathers the rows. `absolute_paths` names folders and files so that other processes find them.

May import `tasks`; nothing else of `flows`.

Start reading at `task_runs.by_task_runs`.
"""
