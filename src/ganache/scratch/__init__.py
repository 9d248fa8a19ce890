"""The engine without autograd: every gradient of a GAN written by hand, in NumPy, to be read and changed.

Read it in this order; each file is one idea, with the derivation beside its backward pass.

    array_module, randomness      where arrays live and where random numbers come from
    layer, linear, activations    forward, backward, parameters
    dropout, normalization        layers that behave differently outside training
    convolution                   images as columns, and back
    sequence                      layers in a row: keeps what backward needs, while training
    losses, descent               what is minimised, and how
    mlp_and_dcgan                 the networks of both players, layer by layer
    gan, classification           the steps: of two players, and of a classifier on the same engine

The rest hands them to the library, which trains, saves, draws and continues them like any others:

    by_hand                       the games: settings, and how arrays of NumPy are part of a training's state
    accuracy                      an observer, of what a classifier has not learnt from
    command_line                  flags in, one call of the library out

    python -m ganache.scratch gan --data mnist --label 7 --out runs/sevens
    python -m ganache.scratch classify --data mnist --out runs/classifier
    python -m ganache.scratch resume runs/sevens
"""
