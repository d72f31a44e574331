import { MIB } from '../limits.ts'
import { POLYGON_SETTINGS } from './polygon-package.ts'
import { SETTINGS } from './kattis-settings.ts'
import { elementsAt, parseXml, type XmlElement } from './simple-xml.ts'
import { isMap, readYamlMap } from './yaml.ts'

/** Files that have the name of a problem. */
export const NAMING: readonly string[] = [SETTINGS, POLYGON_SETTINGS]

const MAX_CHARACTERS = 200

/** What the authors of a package of Kattis or Polygon call it, in English where it has several names. @returns undefined where they do not, and of plain folders */
export function ownNameOf(files: ReadonlyMap<string, Buffer>): string | undefined {
  const name = files.has(SETTINGS) ? ofKattis(files.get(SETTINGS)) : ofPolygon(files.get(POLYGON_SETTINGS))
  const characters = Array.from(name?.trim() ?? '')
  return characters.length === 0 ? undefined : characters.slice(0, MAX_CHARACTERS).join('')
}

function ofKattis(settings: Buffer | undefined): string | undefined {
  const { name } = readYamlMap(settings, () => undefined)
  const found = isMap(name) ? (name['en'] ?? Object.values(name)[0]) : name
  return typeof found === 'string' ? found : undefined
}

function ofPolygon(settings: Buffer | undefined): string | undefined {
  if (!settings || settings.length > MIB) return undefined
  let root: XmlElement
  try {
    root = parseXml(settings.toString())
  } catch {
    return undefined
  }
  const names = elementsAt(root, 'names', 'name').map(({ attributes }) => attributes)
  return (names.find(({ language }) => language === 'english') ?? names[0])?.['value']
}
