"""Sample pictures for the demo, the README and tests: photographs from scikit-image and paintings by the project.

`sample_pictures` writes them into a storage. `paintings` paints the styles from a seed, with the brushes of
`brushwork`.

May import `tasks.storage` and the engine's pictures; loads neither TensorFlow nor Prefect.

Start reading at `sample_pictures.write_demo`.
"""
