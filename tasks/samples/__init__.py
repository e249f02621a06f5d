"""Sample pictures for the demo, the README and trials: photographs of a package and paintings of the project's own.

`sample_pictures` writes them into a storage. `paintings` paints the styles from a seed, with the brushes of
`brushwork`.

May import `tasks.storage` and the engine's pictures; loads neither TensorFlow nor Prefect.

Start reading at `sample_pictures.write_demo`.
"""
