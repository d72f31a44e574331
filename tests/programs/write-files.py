import os

places = ['/job', '/tmp', '/var/tmp', '/dev/shm', '/run', os.environ['HOME'], os.environ['TMPDIR']]
for place in places:
    path = os.path.join(place, 'file')
    with open(path, 'w') as file:
        file.write(place)
    with open(path) as file:
        print(file.read())
