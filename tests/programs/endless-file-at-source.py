import os

os.remove('main.py')
os.symlink('/dev/zero', 'main.py')
print('replaced')
