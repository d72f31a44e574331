import type { Attempt } from './try-session.ts'

/** Programs against what only a session has: its agent, and the bridge to its kernels. */
export interface OwnAttempt extends Omit<Attempt, 'files' | 'code'> {
  title: string
  program: string
  /** Why the session ends; null when it must live; undefined when either is right. */
  ends?: string | null
  /** What it writes, where it ends by itself. */
  says?: string
}

/** Finds processes of the session by a word of their command line. */
const FIND = `
import errno, os, signal, sys, time
def find(word):
    found = []
    for name in os.listdir('/proc'):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f'/proc/{name}/cmdline', 'rb') as file:
                    words = file.read().split(b'\\0')
            except OSError:
                continue
            if any(word in one for one in words):
                found.append(int(name))
    return found[0]
AGENT = b'--agent'
BRIDGE = b'kernel_bridge'
`
const inPython = (program: string) => `${FIND}${program}`
/** Says things in the bridge's place: its standard output is a pipe, which processes of its user may open. */
const AS_BRIDGE = "said = os.open(f'/proc/{find(BRIDGE)}/fd/1', os.O_WRONLY)\n"

const common = { language: 'python', timeoutMs: 8000 } as const

export const AGAINST_THE_SESSION: readonly OwnAttempt[] = [
  {
    ...common,
    title: 'the agent is killed',
    way: 'command',
    program: inPython('os.kill(find(AGENT), signal.SIGKILL)\ntime.sleep(60)'),
    ends: 'agent-lost',
  },
  {
    ...common,
    title: 'the agent is killed by an execution',
    way: 'execution',
    program: inPython('os.kill(find(AGENT), signal.SIGKILL)\ntime.sleep(60)'),
    ends: 'agent-lost',
  },
  {
    ...common,
    title: 'everybody is killed',
    way: 'command',
    program: inPython('os.kill(-1, signal.SIGKILL)'),
    ends: 'agent-lost',
  },
  {
    ...common,
    title: 'the agent is stopped',
    way: 'command',
    program: inPython('os.kill(find(AGENT), signal.SIGSTOP)\ntime.sleep(60)'),
    ends: 'agent-lost',
  },
  {
    ...common,
    title: 'the agent is sent every signal that can be caught',
    way: 'command',
    program: inPython(
      `agent = find(AGENT)
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    try:
        os.kill(agent, number)
    except OSError as error:
        print(number, errno.errorcode[error.errno])`,
    ),
  },
  {
    ...common,
    title: 'nobody speaks in the place of the agent, nor listens',
    way: 'command',
    program: inPython(
      `agent = find(AGENT)
for name in ('fd', 'mem', 'environ', 'maps', 'fd/0', 'fd/1'):
    try:
        os.listdir(f'/proc/{agent}/{name}') if name == 'fd' else open(f'/proc/{agent}/{name}', 'rb').read(1)
        print(name, 'open')
    except OSError as error:
        print(name, errno.errorcode[error.errno])`,
    ),
    ends: null,
    says: 'fd EACCES\nmem EACCES\nenviron EACCES\nmaps EACCES\nfd/0 EACCES\nfd/1 EACCES\n',
  },
  {
    ...common,
    title: 'the bridge is killed',
    way: 'execution',
    program: inPython('os.kill(find(BRIDGE), signal.SIGKILL)\ntime.sleep(60)'),
    ends: null,
  },
  {
    ...common,
    title: 'the bridge is stopped',
    way: 'execution',
    program: inPython('os.kill(find(BRIDGE), signal.SIGSTOP)\ntime.sleep(60)'),
    ends: null,
  },
  {
    ...common,
    title: 'the bridge says what is no JSON',
    way: 'execution',
    program: inPython(`${AS_BRIDGE}os.write(said, b'x' * 100 + b'\\n')\ntime.sleep(60)`),
    ends: 'agent-lost',
  },
  {
    ...common,
    title: 'the bridge says a line without an end',
    way: 'execution',
    program: inPython(`${AS_BRIDGE}while True: os.write(said, b'[' * 65536)`),
    ends: 'agent-lost',
  },
  {
    ...common,
    title: 'the bridge says what nobody asked',
    way: 'execution',
    program: inPython(
      `${AS_BRIDGE}for line in ('{"event":"bridge"}', '{"event":"ready","context":"default/1","info":{}}', '{"event":"failed","context":"other/1","detail":"x"}',
    '{"event":"message","context":"default/1","channel":"iopub","type":"stream","id":"a","parent":"b","content":{"name":"stdout","text":"x"},"metadata":{}}',
    '{"event":"message","context":"__proto__","channel":"shell","type":"constructor","id":"a","parent":null,"content":{"__proto__":{"a":1}},"metadata":{}}'):
    os.write(said, line.encode() + b'\\n')
print('said')`,
    ),
    ends: null,
    says: 'said\n',
  },
  {
    ...common,
    title: 'the bridge says that the kernel has died, which it has not',
    way: 'execution',
    program: inPython(
      `${AS_BRIDGE}os.write(said, b'{"event":"died","context":"default/1","code":0,"signal":null}\\n')\ntime.sleep(60)`,
    ),
    ends: null,
  },
  {
    ...common,
    title: 'the bridge speaks without end',
    way: 'execution',
    program: inPython(
      `${AS_BRIDGE}line = b'{"event":"bridge","x":[' + b'1,' * 30000 + b'1]}\\n'\nwhile True: os.write(said, line * 10)`,
    ),
  },
  {
    ...common,
    title: 'a kernel shows things without end',
    way: 'execution',
    program: 'from IPython.display import display, HTML\nwhile True: display(HTML("<b>" * 100000))',
    ends: null,
  },
  {
    ...common,
    title: 'a kernel prints without end',
    way: 'execution',
    program: 'while True: print("x" * 100000)',
    ends: null,
  },
  {
    ...common,
    title: 'a kernel updates one display without end',
    way: 'execution',
    program:
      'from IPython.display import display\nshown = display(0, display_id=True)\nn = 0\nwhile True:\n    n += 1\n    shown.update(n)',
    ends: null,
  },
  {
    ...common,
    title: 'processes that nobody waits for are left in the session without end',
    way: 'command',
    program: inPython(
      `import subprocess\nwhile True:\n    try:\n        subprocess.Popen(['sleep', '1000'], start_new_session=True)\n    except OSError:\n        time.sleep(0.1)`,
    ),
  },
  {
    ...common,
    title: 'the files of the kernel connection are taken away and replaced',
    way: 'execution',
    program: inPython(
      `import shutil
for name in os.listdir('/run/kernels'):
    path = os.path.join('/run/kernels', name)
    os.unlink(path)
    os.symlink('/dev/zero', path)
print('replaced')`,
    ),
    ends: null,
    says: 'replaced\n',
  },
]

export const attemptOf = ({ program, way, ...rest }: OwnAttempt): Attempt => ({
  ...rest,
  way,
  files: [{ path: 'main.py', content: program }],
  code: way === 'command' ? 'python3 main.py' : program,
})

/** What is wrong with how it went, beside what is wrong with anything else. */
export function faultsOfOwn(
  { ends, says }: OwnAttempt,
  tried: { ended: string | null; ran?: { stdout: string } | undefined },
): string[] {
  return [
    ...(ends !== undefined && tried.ended !== ends
      ? [`the session ${tried.ended === null ? 'lives' : `ended: ${tried.ended}`}`]
      : []),
    ...(says !== undefined && tried.ran?.stdout !== says ? [`it wrote ${JSON.stringify(tried.ran?.stdout)}`] : []),
  ]
}
