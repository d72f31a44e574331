import os

try:
    while True:
        open('a.txt', 'w').close()
        os.mkdir('d')
        os.chdir('d')
except OSError:
    print('full')
