"""Weights of the pose networks: obtained at set-up, verified, converted to ONNX, kept in the user's cache."""
