import { execFile, spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type Entries, zip } from '../support/archives.ts'

const run = promisify(execFile)
/** Java is a language like others: where there is no compiler, `tsx tests/packages/own-indexes.ts java` tries the same in its image. */
const hasCompiler = spawnSync('javac', ['-version']).status === 0
const testWithJava = hasCompiler ? test : test.skip

/** Prints of each jar what is wrong with it, `null` where nothing is. */
const CHECK = `import java.io.IOException;
import java.nio.file.Path;

class Check {
    public static void main(String[] jars) {
        for (String jar : jars) {
            try {
                System.out.println(JarMembers.firstFault(Path.of(jar)));
            } catch (IOException error) {
                System.out.println("no jar: " + error.getMessage());
            }
        }
    }
}
`
const A: Entries = [['a.txt', 'x']]
const leadsOut = (shown: string) =>
  `has the member "${shown}": a member's path must be relative, without "." and ".." components`
const JARS: [title: string, jar: Buffer, fault: string][] = [
  [
    'ordinary members',
    zip([
      ['META-INF/', ''],
      ['META-INF/MANIFEST.MF', 'x'],
      ['a/..b/c...class', 'x'],
    ]),
    'null',
  ],
  ['no members', zip([]), 'null'],
  ['a link, which stays a file', zip([['link', '/etc/passwd']], { modes: { link: 0o120777 } }), 'null'],
  ['a script before it', Buffer.concat([Buffer.from('#!/bin/sh\n'), zip(A)]), 'null'],
  ['one member twice', zip([...A, ...A]), 'null'],
  ['a path that leads out', zip([...A, ['b/../../c', 'x']]), leadsOut('b/../../c')],
  ['a path that begins with the root and leads out', zip([['/../../c', 'x']]), leadsOut('/../../c')],
  ['an absolute path', zip([['/etc/cron.d/x', 'x']]), leadsOut('/etc/cron.d/x')],
  ['a path with backslashes', zip([['b\\..\\c', 'x']]), leadsOut('b\\..\\c')],
  ['a drive', zip([['C:\\x', 'x']]), leadsOut('C:\\x')],
  ['a share', zip([['\\\\host\\x', 'x']]), leadsOut('\\\\host\\x')],
  ['letters that a terminal obeys', zip([['\u001b[2J/../x', 'x']]), leadsOut('?[2J/../x')],
  ['a NUL', zip([['a.class\0.txt', 'x']]), 'has the member "a.class?.txt": a member\'s path must have no NUL'],
  ['two contents', zip([...A, ['a.txt', 'y']]), 'has the member "a.txt" twice, with different content'],
  [
    'another name where its content lies',
    zip(A, { locals: { 'a.txt': '../b' } }),
    'has the member "a.txt": its header says otherwise than the directory',
  ],
  ['more behind its end', Buffer.concat([zip(A), Buffer.from('x')]), 'no jar: there is something behind its directory'],
  ['none of it', Buffer.from('x'), expect.stringMatching(/^no jar: /) as unknown as string],
]

let folder: string
let faults: string[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ry-jars-'))
  if (!hasCompiler) return
  const source = join(packageRoot(), 'languages/java/installer/JarMembers.java')
  await copyFile(source, join(folder, 'JarMembers.java'))
  await writeFile(join(folder, 'Check.java'), CHECK)
  await run('javac', ['JarMembers.java', 'Check.java'], { cwd: folder })
  await Promise.all(JARS.map(([, jar], number) => writeFile(join(folder, `${number}.jar`), jar)))
  const { stdout } = await run('java', ['-Xmx64m', 'Check', ...JARS.map((_, number) => `${number}.jar`)], {
    cwd: folder,
  })
  faults = stdout.trimEnd().split('\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

testWithJava.each(JARS.map(([title, , fault], number) => [title, number, fault] as const))(
  'a jar with %s',
  (_title, number, fault) => {
    expect(faults[number]).toEqual(fault)
  },
)
