"""The live laboratory of the app: checks, recording, and the stream to the canvas."""
