"""Figures and tables of report cards and anomalies."""
