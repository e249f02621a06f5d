"""How good a picture is: scores by one network for all pictures, and measures that need no network.

`referee` chooses the network and defines its scores, without loading it; `judge` computes the scores. `measures`
computes likeness to the content, distance from the style's colours, and sharpness, from the pixels alone.

May import everything in the engine. `referee` and `measures` load no TensorFlow.

Start reading at `referee.Referee`, then `judge.Judge`.
"""
