"""How much the server takes on: every limit in one place."""

import dataclasses

MOST_EXACT = 2**53 - 1  # a whole number that every reader of JSON keeps
MOST_IMAGES = 1_024  # of one request
MOST_FRAMES = 240
MOST_SEEDS = 32  # of a walk; of the rows and of the columns of a mixture
MOST_STEPS = 500  # of a projection
MOST_SIDE = 2_048  # pixels up to which pictures are enlarged
MEGAPIXEL = 1_000_000


@dataclasses.dataclass(frozen=True)
class Bounds:
    """What depends on the machine, and is smaller in tests; seconds are of the clock on the wall."""

    answer_pixels: int = 16 * MEGAPIXEL  # of a picture
    animation_pixels: int = 32 * MEGAPIXEL  # of all frames
    answer_bytes: int = 64 * 2**20  # of arrays
    upload_bytes: int = 16 * 2**20
    held_bytes: int = 128 * 2**20  # of all uploads that are being read, wait for a decoder or are decoded
    upload_pixels: int = 32 * MEGAPIXEL
    translated_pixels: int = 4 * MEGAPIXEL  # of what is made of a picture that keeps its size
    upload_seconds: float = 30.0  # of reading one, and again of waiting for a decoder
    decoders: int = 2  # uploads that are decoded at once
    decode_seconds: float = 20.0
    decode_memory: int = 2 * 2**30
    waiting_images: int = 4_096  # asked for and not drawn yet
    waiting_bytes: int = 512 * 2**20
    searches: int = 4  # projections, encodings and translations
    requests: int = 256  # at once
    connections: int = 512
    seconds: float = 60.0  # of one request
    header_seconds: float = 10.0
    stall_seconds: float = 15.0  # in which a reader must take some of its answer
    grace_seconds: float = 10.0  # for what is running when the server is stopped
