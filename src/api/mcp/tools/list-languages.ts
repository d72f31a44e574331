import Type from 'typebox'
import { knownRuntimes } from '../../load/check-workers.ts'
import { defineTool } from './tool.ts'

const LanguageEntry = Type.Object({
  id: Type.String({ description: 'for `language` of other tools' }),
  name: Type.String(),
  version: Type.String(),
  has_interpreter: Type.Boolean({
    description:
      'whether run_in_session works: variables remain between calls. Else a session has run_command and files only',
  }),
  packages: Type.Array(Type.String(), { description: 'packages that it has beside its standard library' }),
})

export const listLanguages = defineTool({
  name: 'list_languages',
  title: 'List the languages',
  description:
    'Lists the languages in which code can be run here, with their versions, packages, and whether a session in them keeps variables.',
  scopes: ['jobs', 'sessions'],
  submits: false,
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({ languages: Type.Array(LanguageEntry) }),
  async run({ overview, languages }) {
    const runtimes = knownRuntimes(await overview())
    const kernels = runtimes.kernels ?? []
    const installed = languages.flatMap(({ id, name, packages = [] }) => {
      const version = runtimes.languages[id]
      return version === undefined ? [] : [{ id, name, version, has_interpreter: kernels.includes(id), packages }]
    })
    const lines = installed.map(({ id, name, version, has_interpreter, packages }) => {
      const more = packages.length > 0 ? `; packages: ${packages.join(', ')}` : ''
      return `${id}: ${name} ${version}${has_interpreter ? '; sessions keep variables' : ''}${more}`
    })
    const text = lines.length > 0 ? lines.join('\n') : 'no language is installed'
    return { content: [{ type: 'text', text }], structured: { languages: installed } }
  },
})
