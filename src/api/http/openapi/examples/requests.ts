import type { CodeRequest, ContainerRequest } from '../../../../shared/requests.ts'
import type { RequestExample } from '../../route.ts'

type Examples<T> = Record<string, RequestExample & { value: T }>

const C_HELLO = '#include <stdio.h>\n\nint main(void) {\n  puts("Hello, world!");\n}\n'

/** Bodies of `POST /v1/jobs`. */
export const JOB_EXAMPLES: Examples<CodeRequest> = {
  hello: {
    summary: 'Hello, world',
    value: { language: 'python', code: "print('Hello, world!')" },
    ends: 'succeeded',
  },
  stdin: {
    summary: 'Standard input, arguments and environment',
    value: {
      language: 'bash',
      code: 'read -r name\necho "$GREETING, $name! $# arguments: $*"',
      stdin: 'Ada\n',
      args: ['one', 'two'],
      env: { GREETING: 'Good morning' },
    },
    ends: 'succeeded',
  },
  'compile-error': {
    summary: 'A C program that does not compile',
    description: 'The `stderr` of the stage `compile` has the messages of the compiler.',
    value: { language: 'c', code: C_HELLO.replace(';', '') },
    ends: 'compile-failed',
  },
  tests: {
    summary: 'Tests with expected output',
    description: 'Compiled once, then run for each test. White space at line ends is ignored.',
    value: {
      language: 'javascript',
      code: "const [a, b] = require('node:fs').readFileSync(0, 'utf8').split(' ').map(Number)\nconsole.log(a + b)",
      tests: [
        { name: 'small', stdin: '1 2', expectedOutput: '3' },
        { name: 'negative', stdin: '-5 4', expectedOutput: '-1' },
      ],
    },
    ends: 'succeeded',
  },
  'wrong-answer': {
    summary: 'A wrong answer',
    value: { language: 'python', code: 'print(2 + 2)', expectedOutput: '5' },
    ends: 'wrong-answer',
  },
  files: {
    summary: 'Several files',
    description: 'Send binary files as base64. `entrypoint` names the file to run.',
    value: {
      language: 'python',
      files: [
        { path: 'start.py', content: 'from lib.words import greet\n\nprint(greet(open("name.txt").read()))' },
        { path: 'lib/words.py', content: 'def greet(name):\n    return f"Hello, {name}!"' },
        { path: 'name.txt', content: 'QWRh', encoding: 'base64' },
      ],
      entrypoint: 'start.py',
    },
    ends: 'succeeded',
  },
  limits: {
    summary: 'Own limits',
    description: 'A limit above the maximum of the operator is refused, never reduced.',
    value: {
      language: 'python',
      code: 'while True:\n    pass',
      limits: { wallMs: 10_000, cpuMs: 300, memoryBytes: 67_108_864 },
    },
    ends: 'cpu-time-limit',
  },
  artifacts: {
    summary: 'Files to keep',
    description: 'Download each at its `url` in the finished job.',
    value: {
      language: 'bash',
      code: 'mkdir out\nseq 10 > out/numbers.txt',
      artifacts: ['out/*.txt'],
      metadata: { exercise: 7 },
    },
    ends: 'succeeded',
  },
  interactive: {
    summary: 'An interactive program',
    description:
      'Standard input stays open: send input at `GET /v1/jobs/{id}/io`. This program ends after 2 s without input.',
    value: {
      language: 'bash',
      code: 'echo "What is your name?"\nread -t 2 -r name || name=nobody\necho "Hello, $name!"',
      interactive: true,
    },
    ends: 'succeeded',
  },
  webhook: {
    summary: 'Call a webhook',
    description: '*Webhooks* describes the requests.',
    value: {
      language: 'python',
      code: "print('Hello, world!')",
      webhook: { url: 'https://example.com/hooks/runyard', events: ['job.started', 'job.finished'] },
    },
    ends: 'succeeded',
  },
  later: {
    summary: 'Later, with low priority',
    value: { language: 'bash', code: 'date', delayMs: 500, priority: 'low' },
    ends: 'succeeded',
  },
}

const { hello, stdin, tests, files } = JOB_EXAMPLES
if (!hello || !stdin || !tests || !files) throw new Error('an example is missing')

/** Bodies of `POST /api/repl/execute`. */
export const RUN_EXAMPLES: Examples<CodeRequest> = { hello, stdin, tests, files }

/** Bodies of `POST /v1/batches`. */
export const BATCH_EXAMPLES: Examples<{ jobs: CodeRequest[] }> = {
  two: {
    summary: 'Two programs',
    value: {
      jobs: [
        { language: 'python', code: "print('from Python')" },
        { language: 'javascript', code: "console.log('from JavaScript')" },
      ],
    },
  },
}

/** Bodies of `POST /api/containers/create`. */
export const CONTAINER_EXAMPLES: Examples<ContainerRequest> = {
  command: {
    summary: 'One command',
    description: '`image` is a language id or an image that the operator allows. No shell runs unless you name one.',
    value: {
      image: 'bash',
      command: ['sh', '-c', 'ls && cat notes.txt'],
      files: [{ path: 'notes.txt', content: 'hi\n' }],
    },
    ends: 'succeeded',
  },
}
