import type { ReadText } from './language-rules.ts'
import { CODE, INTERPOLATION, IN_STRING, isGlued, NEWLINE, NONE, OTHER, SPACE_BEFORE, STRING } from './lexers/tokens.ts'

/** Words after which a command may stand. */
export const COMMAND_STARTERS = (
  'then do else elif if while until sudo doas exec env nohup time timeout xargs eval command builtin busybox setsid ' +
  'nice ionice chroot'
).split(' ')
/** Folders of a system: removing one of them is as bad as removing all. */
export const SYSTEM_FOLDERS = 'bin boot dev etc home lib lib64 opt proc root sbin srv sys usr var'.split(' ')
export const DISKS = ['sd', 'hd', 'vd', 'xvd', 'nvme', 'mmcblk']
/** What may stand between the strings of one argument list. */
export const LIST_WORDS = ['arg', 'args', 'new', 'vec']

const STARTING_MARKS = new Set(Buffer.from(';&|(){`!\'"'))
export const LIST_MARKS = new Set(Buffer.from(',[]().&{}!'))
const MAX_LIST_MARKS = 10
const MAX_PATH = 8

/**
 * The token after `index`. In shell text quotes do not count, and when the words of a command stand in strings of their
 * own, as in `["rm", "-rf", "/"]`, what parts the strings is passed over.
 */
export function nextWord(read: ReadText, index: number, shell: boolean): number {
  const { codes } = read.tokens
  let at = index + 1
  if (!shell) return at
  if ((codes[index]! & IN_STRING) === 0 || read.isShell) {
    if ((codes[at]! & CODE) === STRING) at++
    return at
  }
  const from = at
  while ((codes[at]! & IN_STRING) === 0 && at - from < MAX_LIST_MARKS) {
    const code = codes[at]! & CODE
    if (code !== STRING && !LIST_MARKS.has(code) && read.rules.isListWord[code] !== 1) return from
    at++
  }
  return at
}

/** Whether a command may begin at this word, a path such as `/usr/bin/` before it included. */
export function isCommandStart(read: ReadText, index: number): boolean {
  const { codes } = read.tokens
  let at = index
  read.tokens.steps++
  for (let i = 0; i < MAX_PATH && at > 0 && isGlued(read.tokens, at) && isPath(codes[at - 1]! & CODE); i++) at--
  if (at === 0) return true
  const before = codes[at - 1]!
  const code = before & CODE
  return code === STRING || isStarting(read, code)
}

function isStarting(read: ReadText, code: number): boolean {
  return (
    code === NONE ||
    code === NEWLINE ||
    code === INTERPOLATION ||
    STARTING_MARKS.has(code) ||
    read.rules.isStarter[code] === 1
  )
}

function isPath(code: number): boolean {
  return code === 47 || code === 46 || code >= OTHER
}

/** Whether an argument begins at this token. */
function isArgument({ tokens: { codes } }: ReadText, index: number): boolean {
  return (codes[index]! & SPACE_BEFORE) !== 0 || index === 0 || (codes[index - 1]! & CODE) === STRING
}

/** `/`, `/*`, a folder of the system or the home folder, as one argument. */
export function isRoot(read: ReadText, index: number): boolean {
  const { codes } = read.tokens
  const first = codes[index]! & CODE
  if (!isArgument(read, index)) return false
  let at = index + 1
  if (first === 36) {
    if ((codes[at]! & CODE) === 123) at++
    if (!read.rules.isHome[codes[at]! & CODE]) return false
    at++
    if ((codes[at]! & CODE) === 125) at++
  } else if (first === 47) {
    while (
      isGlued(read.tokens, at) &&
      ((codes[at]! & CODE) === 47 || (codes[at]! & CODE) === 46) &&
      at < index + MAX_PATH
    )
      at++
    if (isGlued(read.tokens, at) && read.rules.isSystemFolder[codes[at]! & CODE] === 1) at++
  } else if (first !== 126) return false
  if (isGlued(read.tokens, at) && (codes[at]! & CODE) === 47) at++
  if (isGlued(read.tokens, at) && (codes[at]! & CODE) === 42) at++
  return !isGlued(read.tokens, at) || !continuesPath(codes[at]! & CODE)
}

function continuesPath(code: number): boolean {
  return code >= OTHER || code === 47 || code === 46 || code === 36 || code === 45 || code === 126 || code === 42
}

/** `/dev/sda` and other disks. */
export function isDevice(read: ReadText, index: number): boolean {
  const { codes, starts } = read.tokens
  if ((codes[index]! & CODE) !== 47 || !read.rules.isDev[codes[index + 1]! & CODE]) return false
  if ((codes[index + 2]! & CODE) !== 47 || !isGlued(read.tokens, index + 3)) return false
  const name = read.text.slice(starts[index + 3], starts[index + 3]! + 8)
  return DISKS.some((disk) => name.startsWith(disk)) && /^(?:[shxv]+d[a-z]|nvme\d|mmcblk\d)/.test(name)
}

const HOST = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\$\{?[\w@*]|[a-z][\w-]{0,62}(?:\.[\w-]{1,63}){1,8}(?!\w))/i

/** An argument that reads as a host: an address, a name with dots, a variable. */
export function isHost(read: ReadText, index: number): boolean {
  const start = read.tokens.starts[index]!
  return (
    (read.tokens.codes[index]! & CODE) !== NONE &&
    isArgument(read, index) &&
    HOST.test(read.text.slice(start, start + 80))
  )
}
