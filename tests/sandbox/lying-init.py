"""In place of init: says that it is ready, and lies when it is asked for artifacts.

usage: lying-init.py LIE
"""
import itertools
import os
import sys


def say(kind, payload=b''):
    data = kind + len(payload).to_bytes(4, 'big') + payload
    while data:
        data = data[os.write(1, data):]


def hear():
    head = sys.stdin.buffer.read(5)
    if len(head) < 5:
        sys.exit()
    return head[:1], sys.stdin.buffer.read(int.from_bytes(head[1:], 'big'))


def first(path, content=b''):
    say(b'P', b'\0' + path + b'\0' + content)


def honest():
    say(b'L', b'{"tooLarge":0,"unreadable":0,"unusable":0,"special":0,"deep":0,"stopped":null}')


def flood_bytes():
    first(b'a')
    while True:
        say(b'P', b'\1a\0' + bytes(60000))


def flood_files():
    for number in itertools.count():
        first(b'%d' % number)


def flood_forgotten():
    for number in itertools.count():
        first(b'%d' % number)
        say(b'P', b'\2%d\0' % number)


def flood_nothing():
    first(b'a')
    while True:
        say(b'P', b'\1a\0')


def twice():
    honest()
    honest()


LIES = {
    'honest': honest,
    'bytes without end': flood_bytes,
    'files without end': flood_files,
    'forgotten files without end': flood_forgotten,
    'pieces of nothing without end': flood_nothing,
    'a path that leads out': lambda: first(b'../../etc/passwd', b'x'),
    'an absolute path': lambda: first(b'/etc/passwd', b'x'),
    'a path that spoils a line': lambda: first(b'a\r\nb', b'x'),
    'output of no stage': lambda: say(b'O', b'x'),
    'a report of no stage': lambda: say(b'D', b'{}'),
    'that the job is gone': lambda: say(b'Z'),
    'that it is ready again': lambda: say(b'R', b'{}'),
    'a list that is none': lambda: say(b'L', b'[]'),
    'two ends': twice,
}

say(b'R', b'{"protocol":1}')
while True:
    kind, _ = hear()
    if kind == b'G':
        LIES[sys.argv[1]]()
    elif kind == b'Q':
        say(b'Z')
