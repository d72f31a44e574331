import fcntl
import os

# In packet mode each read gives one write, however much room the reader has.
fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_DIRECT)
for number in range(3000):
    os.write(1, b'%04d' % number)
os.write(1, b'')
os.write(1, b'end\n')
