"""Talks nonsense to init, each time to a new one as PID 1 of its own namespaces, and watches how it ends.

usage: fuzz-init.py SEED SECONDS    inside a container made like a sandbox, for so long at least; prints counts as JSON, exit status 1 on a fault

Init must read everything up to the end of its input or up to a fault, say nothing but frames, end by itself with 0 (end of
input) or 1 (fault), and write nothing of a sanitizer to its log.
"""
import json
import os
import random
import select
import signal
import subprocess
import sys
import time

# Each finds /run as a new container's.
BEGIN = 'mount -t tmpfs run /run && exec /.runyard/init --bytes=1048576'
INIT = ['unshare', '--fork', '--pid', '--mount', '--kill-child', 'sh', '-c', BEGIN]
ANSWERS = b'ROXADPLZF'
TYPES = b'HBWSIEKGQ'
TIMEOUT_S = 20
# Reports that named a call.
TOLD = [0]
# Lists of artifacts.
GATHERED = [0]
# What ends both ways.
NEEDED = {'mutated 0', 'mutated 1'}


def frame(kind, payload=b''):
    return bytes([kind]) + len(payload).to_bytes(4, 'big') + payload


def start(rng, kind=b'S', door=b''):
    programs = [[b'cat'], [b'sh', b'-c', b'cat; echo x >&2; sleep 0.01'], [b'true'], [b'nothing'], [b'head', b'-c', b'9']]
    records = [b'a' + arg for arg in rng.choice(programs)]
    records += [b'ePATH=/usr/bin:/bin', b'w%d' % rng.choice([1, 50, 500]), b'c500', b'g%d' % rng.choice([0, 5])]
    records += [b'o%d' % rng.choice([0, 5, 99999]), b'p16', b'f99999', b'n32', b's1048576', b'i%d' % rng.choice([0, 1])]
    records += [b'h' + door] if door else []
    return frame(ord(kind), b''.join(record + b'\0' for record in records))


def prewarm(rng):
    """Programs that wait at a file, programs that do not, or none."""
    if rng.random() < 0.2:
        return frame(ord('H'))
    if rng.random() < 0.3:
        return start(rng, b'H', rng.choice([b'a', b'b', b'a', b'a/b'] if rng.random() < 0.1 else [b'a']))
    records = [b'a' + rng.choice([b'cat', b'sh', b'head']), b'a./a', b'ha', b'ePATH=/usr/bin:/bin', b'w50', b'c50', b'p16', b'f9999']
    return frame(ord('H'), b''.join(record + b'\0' for record in records + [b'n32', b's1048576', b'i%d' % rng.choice([0, 1])]))


def gather(rng):
    globs = [b'*', b'**', b'a/**/[!x]', b'[a-', b'**/**/*a*', b'../*', b'\xff?', b'/', b'a//b']
    records = [b'g' + glob for glob in rng.choices(globs[:9 if rng.random() < 0.03 else 7], k=17 if rng.random() < 0.03 else rng.randint(1, 16))]
    return frame(ord('G'), b''.join(record + b'\0' for record in records + [b'b%d' % rng.choice([0, 5, 99999]), b'n9']))


def conversation(rng):
    frames = []
    for _ in range(rng.randint(1, 3)):
        frames += [prewarm(rng) for _ in range(rng.choice([0, 0, 1, 1, 2]))]
        prewarmed = rng.choice([b'', b'h1\0', b'h1\0', b'h0\0'])
        frames.append(frame(ord('B'), b'b%d\0i%d\0' % (rng.choice([65536, 1 << 20]), rng.choice([64, 1000])) + prewarmed))
        for _ in range(rng.randint(0, 2)):
            path = rng.choice([b'a', b'a/b', b'../x', b'/x', b'a//b'])
            frames.append(frame(ord('W'), bytes([rng.choice([0, 0, 1]), 1, 0xa4]) + path + b'\0' + rng.randbytes(rng.choice([0, 9, 70000]))))
        for _ in range(rng.randint(0, 2)):
            frames.append(start(rng))
            frames += [frame(ord('I'), rng.randbytes(rng.choice([0, 1, 60000]))) for _ in range(rng.randint(0, 3))]
            frames += [frame(ord('K'), bytes([rng.choice([0, 2, 15, 200])]))] * rng.randint(0, 1)
            frames.append(frame(ord('E')))
        frames += [gather(rng) for _ in range(rng.randint(0, 2))]
        frames.append(frame(ord('Q')))
    return frames


def refused(rng):
    """A stage that asks for namespaces without end, of which the leader is told, and orders in between."""
    ask = b'for i in 1 2 3 4; do while unshare -U true; [ $? = 1 ]; do :; done & done; cat; wait'
    records = [b'ash', b'a-c', b'a' + ask, b'ePATH=/usr/bin:/bin', b'w100', b'c500', b'g%d' % rng.choice([0, 5]), b'o99']
    records += [b'p64', b'f9', b'n32', b's1048576', b'i1']
    frames = [frame(ord('B'), b'b65536\0i64\0'), frame(ord('S'), b''.join(record + b'\0' for record in records))]
    for _ in range(rng.randint(0, 9)):
        frames.append(rng.choice([frame(ord('I'), rng.randbytes(9)), frame(ord('K'), bytes([rng.choice([2, 14, 17, 18])]))]))
    return frames


def mutate(rng, frames):
    frames = [bytearray(one) for one in frames]
    for _ in range(rng.randint(1, 4)):
        one = rng.choice(frames)
        how = rng.randrange(7)
        if how == 0:
            one[rng.randrange(len(one))] = rng.randrange(256)
        elif how == 1:
            one[0] = rng.choice(TYPES)
        elif how == 2:
            one[1:5] = rng.choice([0, 1, len(one), 262143, 262144, 262145, 2**31, 2**32 - 1]).to_bytes(4, 'big')
        elif how == 3:
            del one[rng.randrange(len(one)):]
            one += b'' if one else b'?'
        elif how == 4:
            frames.insert(rng.randrange(len(frames) + 1), bytearray(one))
        elif how == 5:
            other = rng.randrange(len(frames))
            frames[other], one[:] = bytearray(one), frames[other]
        else:
            one[5:] = one[5:].replace(b'\0', rng.choice([b'', b'\0\0', b'9' * 30 + b'\0']))
    return frames


def case(rng):
    # Unpaced: frames that are all right, sent without waiting for the answers in between.
    kind = rng.choice(['bytes', 'frames', 'mutated', 'mutated', 'mutated', 'unpaced', 'refused', 'gathers'])
    if kind == 'bytes':
        return kind, rng.randbytes(rng.randint(0, 2000))
    if kind == 'frames':
        begun = frame(ord('B'), b'b65536\0i64\0')
        return kind, begun + b''.join(frame(rng.choice(TYPES), rng.randbytes(rng.randint(0, 40))) for _ in range(9))
    if kind == 'refused':
        return kind, b''.join(refused(rng))
    if kind == 'gathers':
        written = [frame(ord('W'), b'\0\1\xa4' + path + b'\0' + rng.randbytes(rng.choice([0, 9, 70000]))) for path in (b'a', b'b/a', b'\xff')]
        job = [frame(ord('B'), b'b1048576\0i64\0'), *written, *(gather(rng) for _ in range(3)), frame(ord('Q'))]
        return kind, b''.join(mutate(rng, job) if rng.random() < 0.5 else job)
    frames = conversation(rng)
    return kind, b''.join(frames if kind == 'unpaced' else mutate(rng, frames))


def talk(rng, data, pause):
    """Sends all of it in pieces of any size, while reading; the exit status, what it said, and its log."""
    init = subprocess.Popen(INIT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said, log, deadline = b'', b'', time.monotonic() + TIMEOUT_S
    os.set_blocking(init.stdin.fileno(), False)
    sources = [init.stdout, init.stderr]
    while sources:
        if time.monotonic() > deadline:
            init.send_signal(signal.SIGKILL)
            init.wait()
            return 'hangs', said, log
        readable, writable, _ = select.select(sources, [] if init.stdin.closed else [init.stdin], [], 1)
        for source in readable:
            piece = os.read(source.fileno(), 65536)
            if not piece:
                sources.remove(source)
            elif source is init.stdout:
                said += piece
            else:
                log += piece
        if writable:
            try:
                data = data[os.write(init.stdin.fileno(), data[:rng.choice([1, 7, 4096, 99999])]):]
            except BlockingIOError:
                pass
            except BrokenPipeError:
                data = b''
            # Let it finish what it was told now and then, before its input ends.
            if not data:
                time.sleep(pause)
                init.stdin.close()
    return init.wait(), said, log


def fault(status, said, log):
    if status not in (0, 1):
        return f'ended with {status}'
    if b'Sanitizer' in log or b'runtime error' in log:
        return 'a sanitizer spoke'
    if said[:1] != b'R':
        return 'did not say that it was ready'
    while len(said) >= 5:
        if said[0] not in ANSWERS or int.from_bytes(said[1:5], 'big') > 262144:
            return f'said no frame: {said[:16]!r}'
        payload = said[5:5 + int.from_bytes(said[1:5], 'big')]
        if said[:1] == b'L' and len(payload) == int.from_bytes(said[1:5], 'big'):
            GATHERED[0] += 1
            json.loads(payload)
        if said[:1] == b'D' and len(payload) == int.from_bytes(said[1:5], 'big'):
            told = json.loads(payload)['refusedCalls']
            if any(call['name'] != 'unshare' or call['count'] < 1 for call in told):
                return f'told of {told}'
            TOLD[0] += len(told)
        said = said[5 + int.from_bytes(said[1:5], 'big'):]
    return None


def main(seed, seconds):
    counts, faults, end = {}, [], time.monotonic() + seconds
    number = seed
    # However slow the machine is, each kind of answer comes at least once.
    while (time.monotonic() < end or not (TOLD[0] and GATHERED[0] and counts.keys() >= NEEDED)) and len(faults) < 5:
        rng = random.Random(number)
        kind, data = case(rng)
        status, said, log = talk(rng, data, 0.3 if kind == 'refused' else rng.choice([0, 0, 0.02]))
        counts[f'{kind} {status}'] = counts.get(f'{kind} {status}', 0) + 1
        what = fault(status, said, log)
        if what:
            faults.append({'seed': number, 'what': what, 'log': log.decode(errors='replace')[-1500:]})
        number += 1
    print(json.dumps({'cases': number - seed, 'told': TOLD[0], 'gathered': GATHERED[0], 'counts': counts, 'faults': faults}))
    return 1 if faults else 0


sys.exit(main(int(sys.argv[1]), float(sys.argv[2])))
