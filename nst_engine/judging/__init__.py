"""How good a picture is: by a network that scores the pictures of all, and by measures that need none.

`referee` says which network judges and what its scores are, without loading it; `judge` scores by it. `measures`
computes likeness to the content, colours of the style and sharpness from the pixels alone.

May import everything in the engine. `referee` and `measures` load no TensorFlow.

Start reading at `referee.Referee`, then `judge.Judge`.
"""
