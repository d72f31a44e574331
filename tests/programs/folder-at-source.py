import os

os.remove('main.py')
os.mkdir('main.py')
print('replaced')
