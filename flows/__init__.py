"""The Prefect flows, and the command line that starts them.

`batch` stylizes folders, `compare` compares configurations on them, `shards` is the flow that workers run, `nightly`
serves the batch on a schedule. `learning` has painters learn before a batch paints. `runners` run shards in threads, on
Ray or on workers. `prefect_server` keeps the history of runs, `cli` holds the commands. `run_form` describes a
configuration to Prefect's pages, `progress`, `progress_artifact` and `final_state` show how far a run is and how it
ended.

May import `tasks` and `nst_engine`, never boto3 or TensorFlow. Start reading at `batch.stylize_batch`.
"""
