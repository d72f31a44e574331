import os

print('program as', os.getuid())
