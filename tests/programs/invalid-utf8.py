import os

os.write(1, b'ok \xff\xfe \xc3\x28')
os.write(2, b'fine')
