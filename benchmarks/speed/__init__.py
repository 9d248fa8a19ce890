"""Speed, measured side by side in one run: Ganache's engine against plain PyTorch loops, and where its time goes.

    python -m benchmarks.speed                           # everything (make bench): benchmarks/speed.json and RESULTS.md
    python -m benchmarks.speed --only training profile   # some parts; the others' numbers stay as they were measured
    python -m benchmarks.speed --quick                   # tiny sizes, once, into a folder that is thrown away
    python -m benchmarks.speed --only beside --environment OMP_WAIT_POLICY=PASSIVE --environment OMP_NUM_THREADS=1

training   images per second of the plain loops and of Ganache, in turn; FLOPs; shares of the measured matrix products
profile    which operators the time goes to
memory     peak resident memory of a process that trains
sampling   `ganache sample` to an .npz against a plain loop; its memory for two counts
packing    `ganache data pack` on a folder of JPEGs
startup    `ganache --help`, `import ganache`
beside     two trainings on the same cores at once

Run it from the project's root on a machine that does nothing else. OMP_NUM_THREADS fixes the threads of everything.
The pictures are synthetic: for speed their content does not matter, and no data set is needed.
"""
