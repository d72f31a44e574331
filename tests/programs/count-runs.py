import os

runs = len(open('runs').read()) if os.path.exists('runs') else 0
with open('runs', 'a') as file:
    file.write('x')
print('run', runs + 1, input())
