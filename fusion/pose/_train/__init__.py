"""PoseNet as a PyTorch module, and fine-tuning it on a laboratory's own frames; needs the extra ``train``."""
