"""Anomaly detection: what is strange among pictures or rows, judged by GANs that learnt what is normal."""
