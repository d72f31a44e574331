import os

# To the last byte and the last name, in files that stay open in a process that stays.
number = 0
try:
    while True:
        with open(f'/tmp/{number}', 'wb', buffering=0) as file:
            while file.write(b'x' * 65536) == 65536:
                if file.tell() >= 1 << 20:
                    break
        number += 1
except OSError:
    pass
try:
    while True:
        os.symlink('x', f'/dev/shm/{number}')
        number += 1
except OSError as error:
    print('full')
