import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Compile } from 'typebox/compile'
import { DEPENDENCY_KEYWORD, DEPENDENCY_TYPOSQUAT } from './dependencies.ts'
import { SCREENED_LANGUAGES } from './lexers/lexers.ts'
import { parsePattern, type PatternKind } from './pattern.ts'
import { TOO_MUCH_TO_SCREEN } from './screening.ts'
import { type Patterned, type Rule, RuleFile, type Rules } from './rule.ts'

const validator = Compile(RuleFile)
const languages: readonly string[] = SCREENED_LANGUAGES
/** Packages have names also where programs are screened by general rules alone. */
const packaged: readonly string[] = [...SCREENED_LANGUAGES, 'java', 'java-21']
/** Ids of what is not data. */
const RESERVED: readonly string[] = [DEPENDENCY_KEYWORD, DEPENDENCY_TYPOSQUAT, TOO_MUCH_TO_SCREEN]

/**
 * Reads `<root>/screening/*.json` and the operator's own file.
 * @param extraFile path of that file, if there is one
 * @throws Error naming the file, the rule and what is wrong with it
 */
export function loadRules(root: string, extraFile?: string): Rules {
  const folder = join(root, 'screening')
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name))
  const rules: Rules = { rules: [], runners: {}, calls: {}, dependencies: { keywords: [], packages: {} } }
  const owners = new Map<string, string>()
  for (const file of extraFile === undefined ? files : [...files, extraFile])
    add(rules, owners, file, readRuleFile(file))
  return rules
}

function readRuleFile(file: string): RuleFile {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error })
  }
  if (validator.Check(value)) return value
  const [first] = validator.Errors(value)
  const path = first?.instancePath ?? ''
  throw new Error(`${file}: ${idAt(value, path)}${path || '/'} ${first?.message ?? 'is malformed'}`)
}

/** The id of the rule that a pointer leads into, for the message. */
function idAt(value: unknown, path: string): string {
  const index = /^\/rules\/(\d+)/.exec(path)?.[1]
  const list: unknown = index === undefined ? undefined : (value as { rules: unknown }).rules
  const rule: unknown = Array.isArray(list) ? list[Number(index)] : undefined
  const id: unknown = typeof rule === 'object' && rule !== null ? (rule as { id?: unknown }).id : undefined
  return typeof id === 'string' ? `rule "${id}": ` : ''
}

function add(all: Rules, owners: Map<string, string>, file: string, from: RuleFile): void {
  for (const rule of from.rules ?? []) {
    const owner = owners.get(rule.id)
    if (owner !== undefined) throw new Error(`${file}: rule "${rule.id}" has an id that ${owner} has too`)
    if (RESERVED.includes(rule.id)) throw new Error(`${file}: rule "${rule.id}" has an id that is reserved`)
    owners.set(rule.id, file)
    checkRule(file, rule)
    all.rules.push(rule)
  }
  for (const list of ['runners', 'calls'] as const) {
    for (const [language, patterns] of Object.entries(from[list] ?? {})) {
      checkLanguage(`${file}: ${list}`, language)
      checkPatterns(`${file}: ${list} of ${language}`, { code: patterns })
      all[list][language] = [...(all[list][language] ?? []), ...patterns]
    }
  }
  all.dependencies.keywords.push(...(from.dependencies?.keywords ?? []))
  for (const [language, packages] of Object.entries(from.dependencies?.packages ?? {})) {
    checkLanguage(`${file}: dependencies`, language, packaged)
    const known = (all.dependencies.packages[language] ??= { popular: [], genuine: [] })
    known.popular.push(...packages.popular)
    known.genuine.push(...(packages.genuine ?? []))
  }
}

function checkRule(file: string, rule: Rule): void {
  const where = `${file}: rule "${rule.id}"`
  if (rule.languages !== 'any') for (const language of rule.languages) checkLanguage(where, language)
  for (const match of [rule.match, rule.suspect ?? {}]) {
    for (const part of [match, match.loop?.beside ?? {}, ...(match.together?.flat() ?? [])]) checkPatterns(where, part)
  }
}

function checkLanguage(where: string, language: string, known = languages): void {
  if (known.includes(language)) return
  throw new Error(`${where} names the language "${language}"; known are ${known.join(', ')}`)
}

function checkPatterns(where: string, patterned: Patterned): void {
  for (const kind of ['code', 'command', 'text', 'string'] as const satisfies PatternKind[]) {
    for (const source of patterned[kind] ?? []) {
      try {
        parsePattern(source, kind)
      } catch (error) {
        throw new Error(`${where}: the ${kind} pattern "${source}" ${(error as Error).message}`, { cause: error })
      }
    }
  }
}
