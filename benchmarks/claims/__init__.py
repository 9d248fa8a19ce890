"""The documents' claims, measured: one module for each, and a page that is written from their numbers.

    python -m benchmarks.claims                        # everything that is not measured yet, then docs/claims.md
    python -m benchmarks.claims --only collapse        # one section; the others stay as they were measured
    python -m benchmarks.claims --sevens-document RUN --sevens RUN        # and two finished runs of ganache.scratch

Run it from the project's root, with the extra ``dev`` installed. Runs and measurements are kept in the work folder
(``--work``, runs/claims): what is finished there is used again, so it can be stopped at any time and continued.
"""
