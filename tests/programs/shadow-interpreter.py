import os

# The next test looks python3 up in a PATH that begins with this folder.
with open('/job/python3', 'w') as file:
    file.write('#!/bin/sh\necho in the place of python3 as $(id -u), process 1 is "$(cat /proc/1/comm)"\n')
os.chmod('/job/python3', 0o755)
print('shadowed')
