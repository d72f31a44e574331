// Refuses commits that are not on main yet and whose subject has more than 72 characters. Where there is no git, no history behind this folder, or
// only a part of it, there is nothing to look at.
//   node scripts/check-commits.mjs
import { spawnSync } from 'node:child_process'

const MOST = 72

const git = (...args) => {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return status === 0 ? stdout.trim() : undefined
}

/** Where this clone knows main: its own, which may be ahead, before that of where it came from. */
const main = () =>
  ['refs/heads/main', 'refs/remotes/origin/main'].find((name) => git('rev-parse', '--verify', '--quiet', name))

function tooLong() {
  // Sources that were unpacked within another repository are none of its.
  if (git('rev-parse', '--show-prefix') !== '' || git('rev-parse', '--is-shallow-repository') !== 'false') return []
  const base = main()
  const log = base && git('log', '--format=%h %s', `${base}..HEAD`)
  if (!log) return []
  // What rebase is to melt into another commit loses its subject.
  const commits = log.split('\n').map((line) => line.replace(/^(\w+) (?:(?:fixup|squash|amend)! )+/, '$1 '))
  return commits.filter((line) => line.length - line.indexOf(' ') - 1 > MOST)
}

const found = tooLong()
if (found.length > 0) {
  console.error(
    `These commits have subjects of more than ${MOST} characters; shorten them with git rebase --interactive:`,
  )
  for (const line of found) console.error(`  ${line}`)
  process.exitCode = 1
}
