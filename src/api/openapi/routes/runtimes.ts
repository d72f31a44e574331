import Type from 'typebox'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS } from '../../../shared/limits.ts'
import { Runtime } from '../../../shared/runtime.ts'
import type { Answer, Operation } from '../../http/route.ts'

const python: Runtime = {
  language: 'python',
  name: 'Python',
  version: '3.13.5',
  aliases: ['py', 'python3'],
  fileName: 'main.py',
  compiled: false,
  installed: true,
  limits: DEFAULT_LIMITS,
  ceilings: DEFAULT_CEILINGS,
  packages: [],
  hello: "print('Hello, world!')\n",
}

const common = {
  method: 'get',
  tag: 'Runtimes',
  scopes: [],
} as const
const answer = (member: 'runtimes' | 'languages'): Answer => ({
  description:
    'Every language there is, also those that are not installed. `limits` is what a job gets that asks for none, ' +
    '`ceilings` the most you may ask for.',
  schema: Type.Object({ [member]: Type.Array(Runtime) }),
  examples: { python: { summary: 'One language', value: { [member]: [python] } } },
})

export const runtimeOperations: readonly Operation[] = [
  {
    ...common,
    path: '/v1/runtimes',
    id: 'listRuntimes',
    summary: 'List the languages',
    answers: { 200: answer('runtimes') },
  },
  {
    ...common,
    path: '/api/repl/languages',
    id: 'listLanguages',
    summary: 'List the languages, under another name',
    description: 'The list of `GET /v1/runtimes`.',
    answers: { 200: answer('languages') },
  },
]
