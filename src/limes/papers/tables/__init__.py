"""What papers share that compare methods over many data sets: choosing, summing up, and a picture of ranks."""
