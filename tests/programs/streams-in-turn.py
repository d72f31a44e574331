import os

for number in range(5000):
    os.write(1 + number % 2, b'x')
