"""A cable that delays and loses frames, for kernels that have no qdisc for it: two network devices, and this between them.

wire.py FIRST SECOND makes both devices and prints "ready". Each line on standard input, "DELAY_SECONDS LOSS", e.g. "0.05 0.01", holds for the
frames from then on, each way. With the end of its input it ends, and the devices with it.
"""

import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
LONGEST_FRAME = 65_600
FRAMES_A_TURN = 64


def device(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def frames(fd):
    for _ in range(FRAMES_A_TURN):
        try:
            yield os.read(fd, LONGEST_FRAME)
        except OSError:  # No more for now, or the device is down.
            return


def main():
    first, second = (device(name) for name in sys.argv[1:3])
    other = {first: second, second: first}
    chance = random.Random(1)
    under_way = []
    number = itertools.count()
    delay = loss = 0.0
    print("ready", flush=True)
    while True:
        pause = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        readable, _, _ = select.select([0, first, second], [], [], pause)
        if 0 in readable:
            line = os.read(0, 256).decode().splitlines()
            if not line:
                return
            delay, loss = map(float, line[-1].split())
        for fd in readable:
            if fd == 0:
                continue
            for frame in frames(fd):
                if chance.random() >= loss:
                    heapq.heappush(under_way, (time.monotonic() + delay, next(number), other[fd], frame))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, fd, frame = heapq.heappop(under_way)
            try:
                os.write(fd, frame)
            except OSError:  # The device is down: what comes to it is lost.
                pass


main()
