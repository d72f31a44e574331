import time

print('asleep')
while True:
    time.sleep(3600)
