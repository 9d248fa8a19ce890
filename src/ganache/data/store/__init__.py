"""The packed store: what is packed, how, and the rows in it as a dataset."""
