import itertools

try:
    for number in itertools.count():
        open(f'{number}.txt', 'w').close()
except OSError:
    print('full')
