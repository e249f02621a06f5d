"""The steps of the pipeline: plain logic, and thin Prefect tasks over it."""
