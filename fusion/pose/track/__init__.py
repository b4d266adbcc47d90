"""Who is the patient, and where to look: people in a frame, their paths, the square that follows one."""
