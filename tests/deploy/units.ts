import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A unit of systemd: its keys as `Section.Key`, each with the values of all its lines. */
export interface Unit {
  name: string
  text: string
  values(key: string): string[]
}

/** Reads the units of a folder. @throws Error naming a line that is none of a unit's */
export function readUnits(folder: string): Unit[] {
  return readdirSync(folder).map((name) => parseUnit(name, readFileSync(join(folder, name), 'utf8')))
}

function parseUnit(name: string, text: string): Unit {
  const found = new Map<string, string[]>()
  let section = ''
  for (const line of text.replaceAll(/\\\n\s*/g, '').split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, heading] = /^\[(\w+)\]$/.exec(line) ?? []
    if (heading !== undefined) {
      section = heading
      continue
    }
    const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (key === undefined) throw new Error(`${name}: "${line}" is no line of a unit`)
    const full = `${section}.${key}`
    found.set(full, [...(found.get(full) ?? []), value])
  }
  return { name, text, values: (key) => found.get(key) ?? [] }
}

/** What a unit sets by `Environment=`. */
export function environmentOf(unit: Unit): Map<string, string> {
  const pairs = unit.values('Service.Environment').flatMap((line) => line.split(' '))
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}
