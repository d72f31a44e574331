import sys

sys.stdout.write('x' * (100 << 20))
