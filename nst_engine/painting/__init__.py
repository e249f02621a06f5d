"""Painters: networks that have learned one style, and stylize a picture in one pass.

`network` is what a painter computes, and `hand` does so for pictures of any size. `lessons` are what it learns from,
`course` says what it learns when and how fast, `learner` takes the updates, and `learning` goes from the first to the
last. `painter` holds `Painter`, what users call: it learns, is kept as a file (`painter_file`), and paints.

May import all of the engine but judging. `course` loads no TensorFlow.

Start reading at `painter.Painter`.
"""
