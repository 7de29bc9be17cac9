"""Keys out of a repository's history, with a way back and with proof: plan, backup, rewriting, putting in, proof."""
