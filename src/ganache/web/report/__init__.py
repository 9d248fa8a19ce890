"""The report of a run: what its files say, as values of JSON, and the page that shows them."""
