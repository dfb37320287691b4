"""The journal in a pod: written by one pod at a time, brought to all, read by each."""
