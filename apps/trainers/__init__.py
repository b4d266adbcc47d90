"""What ``tandem train`` can make anew: one file each."""
