"""What every other part may use: errors, precision, memory, random keys, progress, protocols.

Imports nothing else of limes.
"""
