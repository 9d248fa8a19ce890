"""The engine without autograd: every gradient of a GAN written by hand, in NumPy, to be read and changed.

Read it in this order; each file is one idea, with the derivation beside its backward pass.

    array_module, randomness      where arrays live and where random numbers come from
    layer, linear, activations    forward, backward, parameters
    dropout, normalization        layers that behave differently outside training
    convolution                   images as columns, and back
    sequence                      layers in a row: keeps what backward needs, while training
    losses, descent               what is minimised, and how
    mlp_and_dcgan                 the networks of both players, layer by layer
    gan, classifier               the networks, the two players, and a classifier on the same engine

The rest makes runs of it: settings, examples, tasks, training, export, sessions, command_line.

    python -m ganache.scratch gan --data mnist --label 7 --out runs/sevens
    python -m ganache.scratch classify --data mnist --out runs/classifier
    python -m ganache.scratch resume runs/sevens
"""
