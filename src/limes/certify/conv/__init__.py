"""Certificates of machines on convolutional nets: bounds for each position, added up over positions and centres."""
