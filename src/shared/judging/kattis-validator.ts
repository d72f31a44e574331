import { isDocument, isSource } from './example-submissions.ts'
import { SETTINGS, shortened } from './kattis-settings.ts'
import type { Problem, Tell } from './problem.ts'
import { answerText, isText } from './problem-text.ts'

/** @returns the output validator as a program of the judges; undefined when the default one is meant */
export function readValidator(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
  tell: Tell,
  limits: NonNullable<Problem['limits']>,
) {
  const folders = ['output_validator', 'output_validators']
  const isBeside = (path: string) => path.split('/').length === 2 && isDocument(path)
  const all = [...files.keys()].filter(
    (path) => folders.some((folder) => path.startsWith(`${folder}/`)) && !isBeside(path),
  )
  const [first] = all
  if (first === undefined) return undefined
  // In `output_validators` a program is a file, or a folder of its own.
  const parts = first.split('/')
  const base = parts.length > 2 && parts[0] === 'output_validators' ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
  const own = all.filter((path) => path.startsWith(`${base}/`))
  const isOneFile = base === 'output_validators'
  if (own.length < all.length || (isOneFile && own.length > 1))
    tell('output_validators/', 'has several programs; one is read here')
  for (const path of own) {
    if (/\/(?:build|run)$/.test(path)) tell(path, 'is a script to build or run a program, which is not read here')
    else if (!isText(files.get(path) ?? Buffer.alloc(0))) tell(path, 'is not UTF-8')
  }
  const sources = own.filter((path) => isSource(path, languageOf))
  const main =
    sources.length === 1
      ? sources[0]
      : sources.find((path) => /\/(?:main|validate|validator|output_validator)\.\w+$/.test(path))
  if (main === undefined) {
    tell(
      `${base}/`,
      sources.length === 0
        ? 'has no file of a language that is known here'
        : 'has several sources, and none is main, validate or validator',
    )
    return undefined
  }
  const within = (path: string) => path.slice(base.length + 1)
  return {
    language: languageOf(main) ?? '',
    files: own.map((path) => ({ path: within(path), content: answerText(files.get(path) ?? Buffer.alloc(0)) })),
    entrypoint: within(main),
    ...(Object.keys(limits).length > 0 && { limits }),
  }
}

/** The default output validator: words, letter case aside. */
export function defaultValidator(args: readonly string[], tell: Tell): NonNullable<Problem['checker']> {
  let [caseSensitive, spaceSensitive] = [false, false]
  const errors: { absolute?: number; relative?: number } = {}
  for (let at = 0; at < args.length; at++) {
    const name = args[at] ?? ''
    if (name === 'case_sensitive') caseSensitive = true
    else if (name === 'space_change_sensitive') spaceSensitive = true
    else if (/^float_(?:absolute_|relative_)?tolerance$/.test(name)) {
      const value = Number(args[++at] ?? NaN)
      if (!Number.isFinite(value)) tell(SETTINGS, `the default validator needs a number behind ${name}`)
      if (!name.includes('relative')) errors.absolute = value
      if (!name.includes('absolute')) errors.relative = value
    } else tell(SETTINGS, `the default validator has no argument ${shortened(name)}`)
  }
  const isNumbers = Object.keys(errors).length > 0
  if (spaceSensitive && (isNumbers || !caseSensitive)) {
    tell(SETTINGS, 'space_change_sensitive is read here with case_sensitive alone')
  }
  if (spaceSensitive) return { type: 'exact' }
  return { type: isNumbers ? 'numbers' : 'tokens', ignoreCase: !caseSensitive, ...errors }
}
