import os
import time

for byte in '€ and 🙂'.encode():
    os.write(1, bytes([byte]))
    time.sleep(0.02)
