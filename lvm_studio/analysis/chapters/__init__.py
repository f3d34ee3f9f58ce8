"""The chapters of the thesis made again, each as a page of measured results."""
