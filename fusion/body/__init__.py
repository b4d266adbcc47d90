"""The body: segment tree, lengths, and how each wearable sits on it."""
