"""What could be the default: a recipe's name and what is set beside it, as `--set` takes it."""

CANDIDATES: dict[str, tuple[str, tuple[str, ...]]] = {
    "dcgan": ("dcgan", ()),
    "r3gan": ("r3gan", ()),
    # The race's networks and penalty, told no labels, and told them.
    "speedrun": ("mnist-speedrun", ("conditional=false", "discriminator.projection=false", "images=1000000")),
    "speedrun-told": ("mnist-speedrun", ("images=1000000",)),
    # Through a network trained on ImageNet; `pictures64` has no classes to tell.
    "projected": ("projected", ()),
    "projected-told": ("projected", ("conditional=true",)),
}
