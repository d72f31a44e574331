import os

os.write(1, b'a\0b\0')
