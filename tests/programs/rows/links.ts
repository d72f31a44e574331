import { MIB } from '../../../src/shared/limits.ts'
import { HEARD_MS, leaves, ran, said, twice, wall } from './expectations.ts'
import type { HostileRow } from './row.ts'

export const links: readonly HostileRow[] = [
  {
    title: 'a program that puts a link in the place of its source harms only itself',
    threat: 'symlink at the source',
    program: 'replace-program.py',
    tests: [{}, {}],
    expect: twice('replaced\n'),
  },
  {
    title: 'a program that locks its own folder locks nobody out',
    threat: 'symlink at the source',
    program: 'lock-folder.py',
    tests: [{}, {}],
    expect: twice('locked\n'),
  },
  {
    title: 'of what is planted where artifacts are looked for only the own files come out',
    threat: ['symlink at an artifact', 'artifact linked to /dev/urandom', 'FIFO', 'socket', 'hard link'],
    program: 'plant-links.py',
    artifacts: ['out/*', 'out/etc/passwd', 'out/root/**', 'out/up/**', '**/shadow', 'out/*/*'],
    expect: {
      status: 'succeeded',
      stdout: 'planted\n',
      message:
        'artifacts are missing: 1 that the program could not read; 2 whose name is not UTF-8 or holds control ' +
        'characters; 9 that are links or other special files',
      check: leaves(2, 'out/own', 'out/own too'),
    },
  },
  {
    title: 'more files than may be kept are kept in part',
    threat: 'names too many, too deep or too long',
    program: 'leave-many-files.py',
    limits: { fileBytes: 4 * MIB },
    artifacts: ['**/*.txt'],
    expect: {
      ...said('full\n'),
      message: 'artifacts are missing: all beyond the first 64 found',
      check: leaves(64),
    },
  },
  {
    title: 'of files in folders without end those come out that a path can name',
    threat: 'names too many, too deep or too long',
    program: 'leave-deep-files.py',
    limits: { fileBytes: 4 * MIB },
    artifacts: ['**/*.txt'],
    expect: {
      ...said('full\n'),
      message: 'artifacts are missing: 1 whose path is too long or too deep',
      check: leaves(32, 'a.txt', `${'d/'.repeat(31)}a.txt`),
    },
  },
  {
    title: 'folders deeper than a path can name go too',
    threat: 'names too many, too deep or too long',
    program: 'deep-folders.sh',
    expect: said('deep\n'),
  },
  ...(
    [
      ['FIFO', 'FIFO', 'fifo-at-source.sh'],
      ['socket', 'socket', 'socket-at-source.py'],
      ['folder', 'symlink at the source', 'folder-at-source.py'],
      ['link to itself', 'symlink at the source', 'loop-at-source.sh'],
      ['link to nothing', 'symlink at the source', 'dangling-link-at-source.sh'],
      ['link to a secret', 'symlink at the source', 'secret-at-source.py'],
    ] as const
  ).map(([kind, threat, program]): HostileRow => ({
    title: `a ${kind} in the place of the source is gone for the next test`,
    threat,
    program,
    tests: [{}, {}],
    expect: twice('replaced\n'),
  })),
  {
    title: 'a link to what never ends in the place of the source harms nobody',
    threat: 'symlink at the source',
    program: 'endless-file-at-source.py',
    tests: [{}, {}],
    limits: { memoryBytes: 64 * MIB, fileBytes: 16 * MIB },
    expect: twice('replaced\n'),
  },
  {
    title: 'no device takes the place of the source',
    threat: 'device node',
    program: 'device-at-source.py',
    tests: [{}, {}],
    expect: twice(
      'urandom EPERM not made\nmemory EPERM not made\ndisk EPERM not made\nloop EPERM not made\nwhiteout EACCES made\n',
    ),
  },
  {
    title: 'nothing outside of the own files can be given a second name',
    threat: 'hard link',
    program: 'hardlink-outside-files.py',
    expect: said(
      /^(\/\S+ (EXDEV|EPERM)\n){7}own program through \/proc (EXDEV|EPERM)\nstandard output through \/proc (EXDEV|EPERM)\na descriptor (EXDEV|EPERM|ENOENT)\nleft: \['main\.py'\]\n$/,
    ),
  },
  {
    title: 'the folder of the job and its kin stay where they are',
    threat: 'symlink at the source',
    program: 'move-job-folder.py',
    expect: said(
      /^((rename|rmdir) \/\S* (EXDEV|EROFS|EACCES|EBUSY|EPERM)\n){16}link over \/job EEXIST\nlink beside \/job (EROFS|EACCES)\nexchange (EXDEV|EROFS|EBUSY|EACCES)\n$/,
    ),
  },
  {
    title: 'exchanges, whiteouts and renames end at the own folders',
    threat: 'symlink at the source',
    program: 'rename-games.c',
    expect: ran(
      said(
        'exchange source and folder done\nexchange program and link done\nleave a whiteout done\nfrom /job to /tmp EXDEV\n' +
          'onto the host name EXDEV\ninto a shell EXDEV\nthrough a link EXDEV\n20000 more\n',
      ),
    ),
  },
  {
    title: 'links to everything, in every folder, are cleared without being followed',
    threat: 'symlink at an artifact',
    program: 'links-everywhere.py',
    expect: said('55 links\n'),
  },
  {
    title: 'standard output is no path that could be replaced',
    threat: 'symlink at the stdout file',
    program: 'link-at-stdout.py',
    expect: said(
      /^pipe: \/proc\/self\/fd\/1\nremove \/dev\/stdout (EACCES|EROFS|EPERM)\nlink at \/dev\/stdout EEXIST\nmove onto \/dev\/stdout (EXDEV|EACCES)\nremove its entry in \/proc (EROFS|EPERM)\ntruncate EINVAL\nchange its mode done\nseek ESPIPE\nstill written\n$/,
    ),
  },
  {
    title: 'names that are a file, a folder, a link and a FIFO in turn are cleared all the same',
    threat: 'names in a race',
    program: 'swap-links-in-a-race.py',
    limits: { wallMs: HEARD_MS },
    expect: wall({ stdout: 'swapping\n' }),
  },
]
