"""The notebook's side: extension, magics, and the partition bar.

`ipyassets.jupyter.widget.PartitionBar(asset)` alone is a plain anywidget, for hosts that have no magics.
"""
