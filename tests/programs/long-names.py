import errno
import os

made = 0
for letter in 'abcdefghij':
    os.mkdir(letter * 255)
    os.chdir(letter * 255)
    made += 1
for number in range(200):
    open(f'{number:0255}', 'w').close()
    made += 1
for name in ('x' * 256, 'é' * 128, 'x/' * 2048 + 'x'):
    try:
        os.mkdir(name)
        print('made a name too long')
    except OSError as error:
        print(errno.errorcode[error.errno])
for name in (b'\xff\xfe', b'\n', b'\x1b[2J', b'-rf', b'$(reboot)', b'*', '日本'.encode(), b' ', b'\\'):
    os.mkdir(name)
    made += 1
print(made, 'made')
