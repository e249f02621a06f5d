"""The losses: each formula a pure function; `objective` is the only place where they meet."""
