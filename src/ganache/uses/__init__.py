"""What a trained GAN is for: each use is a folder that ends in a measured verdict beside a simple baseline."""
