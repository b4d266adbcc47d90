"""How the network's weights are made; needs the extra ``train`` (PyTorch)."""
