"""What ``tandem record`` shows and asks on a terminal."""
