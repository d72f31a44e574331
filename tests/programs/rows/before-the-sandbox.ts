import { compiling, failed, ran, said, wall } from './expectations.ts'
import type { HostileRow } from './row.ts'

export const beforeTheSandbox: readonly HostileRow[] = [
  {
    title: 'a library to load first is loaded by the program alone',
    threat: 'LD_PRELOAD',
    program: 'hello.sh',
    env: { LD_PRELOAD: '/job/evil.so', LD_LIBRARY_PATH: '/job', BASH_ENV: '/job/evil.sh' },
    files: [
      { path: 'evil.so', content: 'not a library' },
      { path: 'evil.sh', content: 'echo from BASH_ENV\n' },
    ],
    expect: {
      status: 'succeeded',
      stdout: 'from BASH_ENV\nHello, world!\n',
      stderr: /^(ERROR: ld\.so: object '\/job\/evil\.so' from LD_PRELOAD cannot be preloaded.*\n)+$/,
    },
  },
  {
    title: 'options of Python in the environment reach the program alone',
    threat: 'PYTHONSTARTUP',
    program: 'hello.py',
    env: { PYTHONSTARTUP: '/job/evil.py', PYTHONPATH: '/job', PYTHONINSPECT: '' },
    files: [{ path: 'evil.py', content: "print('startup')\n" }],
    expect: said('Hello, world!\n'),
  },
  {
    title: 'options of Node.js in the environment reach the program alone',
    threat: 'NODE_OPTIONS',
    program: 'hello.js',
    env: { NODE_OPTIONS: '--require /job/evil.js' },
    files: [{ path: 'evil.js', content: "console.log('as', process.getuid())\n" }],
    expect: said('as 1000\nHello, world!\n'),
  },
  {
    title: 'a sitecustomize beside the program is not Python’s own',
    threat: 'sitecustomize.py',
    program: 'hello.py',
    files: [
      { path: 'sitecustomize.py', content: "print('customized')\n" },
      { path: 'usercustomize.py', content: "print('customized')\n" },
    ],
    expect: said('Hello, world!\n'),
  },
  {
    title: 'a file that shadows the standard library does so for its own job',
    threat: "file that shadows the toolchain's",
    program: 'print-arguments.py',
    files: [{ path: 'json.py', content: "dumps = lambda *_, **__: 'shadowed'\n" }],
    expect: said('shadowed\n'),
  },
  ...[
    '--help.py',
    '-c.py',
    '$(touch pwned).py',
    'it\'s a "file".py',
    '`id`.py',
    'ünï cödé.py',
    '-.py',
    'a;b&c|d.py',
  ].map((path): HostileRow => ({
    title: `a program may be called ${path}`,
    threat: 'file names that look like something else',
    program: 'print-arguments.py',
    path,
    args: ['x'],
    expect: said('["x"]\n'),
  })),
  {
    title: 'a Node.js program may be called --eval.js',
    threat: 'file names that look like something else',
    program: 'hello.js',
    path: '--eval.js',
    expect: said('Hello, world!\n'),
  },
  {
    title: 'a Bash program may be called -c',
    threat: 'file names that look like something else',
    program: 'hello.sh',
    path: '-c',
    expect: said('Hello, world!\n'),
  },
  {
    title: 'what Python reads from the home of its user is run by the program alone',
    threat: 'sitecustomize.py',
    program: 'who-runs-this.py',
    files: [
      { path: '.local/lib/python3.13/site-packages/evil.pth', content: "import os; print('line as', os.getuid())\n" },
      { path: '.local/lib/python3.13/site-packages/usercustomize.py', content: "print('user customized')\n" },
      { path: '.pythonrc', content: "print('rc')\n" },
      { path: 'pyvenv.cfg', content: 'home = /job\n' },
    ],
    // Which version Python is decides whether it looks there.
    expect: said(/^(line as 1000\nuser customized\n)?program as 1000\n$/),
  },
  {
    title: 'a sitecustomize in a path that the job names is run by the program alone',
    threat: 'sitecustomize.py',
    program: 'who-runs-this.py',
    env: { PYTHONPATH: '/job' },
    files: [{ path: 'sitecustomize.py', content: "import os\nprint('customized as', os.getuid())\n" }],
    expect: said('customized as 1000\nprogram as 1000\n'),
  },
  {
    title: 'a codec that replaces Python’s own is run by the program alone',
    threat: "file that shadows the toolchain's",
    program: 'who-runs-this.py',
    env: { PYTHONPATH: '/job' },
    files: [
      {
        path: 'encodings/__init__.py',
        content: "import posix\nposix.write(1, b'codec as %d' % posix.getuid())\nposix._exit(0)\n",
      },
    ],
    expect: said('codec as 1000'),
  },
  {
    title: 'a Python told to live elsewhere does not start, which is the program’s failure',
    threat: 'PYTHONSTARTUP',
    program: 'who-runs-this.py',
    env: { PYTHONHOME: '/job' },
    expect: failed(/No module named 'encodings'/),
  },
  {
    title: 'files that shadow two modules of the standard library do so for their own job',
    threat: "file that shadows the toolchain's",
    program: 'print-json.py',
    files: [
      { path: 'json.py', content: "dumps = lambda *_: 'my json'\n" },
      { path: 'random.py', content: "randint = lambda *_: 'my random'\n" },
    ],
    expect: said('json random my json my random\n'),
  },
  {
    title: 'the modules of before are back for the next job',
    threat: "file that shadows the toolchain's",
    program: 'print-json.py',
    expect: said('json random [1] 1\n'),
  },
  {
    title: 'a package.json decides for its own program',
    threat: '.npmrc',
    program: 'which-module-system.js',
    files: [
      {
        path: 'package.json',
        content: '{"type": "module", "scripts": {"preinstall": "touch /tmp/x"}, "imports": {"fs": "./evil.js"}}',
      },
    ],
    expect: said('undefined file:///job/main.js\n'),
  },
  {
    title: 'modules beside the program do not replace Node’s own, nor does any dot file',
    threat: ['.npmrc', "file that shadows the toolchain's"],
    program: 'which-modules.js',
    env: { NODE_PATH: '/job/node_modules' },
    files: [
      { path: 'node_modules/fs/index.js', content: "console.log('evil fs')\n" },
      { path: 'node_modules/path/index.js', content: "console.log('evil path')\n" },
      { path: '.npmrc', content: 'node-options=--require /job/evil.js\n' },
      { path: '.noderc', content: '--require /job/evil.js\n' },
      { path: '.env', content: 'NODE_OPTIONS=--require /job/evil.js\n' },
      { path: 'evil.js', content: "console.log('evil')\n" },
    ],
    expect: said('function a/b true\n'),
  },
  {
    title: 'a Node.js that waits for a debugger meets the wall limit',
    threat: 'NODE_OPTIONS',
    program: 'which-modules.js',
    env: { NODE_OPTIONS: '--inspect-brk=0.0.0.0:9229' },
    limits: { wallMs: 800 },
    // Whether it gets as far as to say so within the limit is a matter of speed.
    expect: wall({ stderr: /^(Debugger listening on ws:\/\/0\.0\.0\.0:9229\/\S+\n[^]*)?$/ }),
  },
  {
    title: 'files that Node.js is told to read or write are those the program may',
    threat: 'NODE_OPTIONS',
    program: 'which-modules.js',
    env: { NODE_OPTIONS: '--import ./evil.mjs', NODE_EXTRA_CA_CERTS: '/etc/shadow', NODE_V8_COVERAGE: '/usr/coverage' },
    files: [{ path: 'evil.mjs', content: "console.log('imported as', process.getuid())\n" }],
    expect: {
      status: 'succeeded',
      stdout: 'imported as 1000\nfunction a/b true\n',
      stderr: /Ignoring extra certs from `\/etc\/shadow`.*Permission denied[^]*coverage/,
    },
  },
  {
    title: 'an interpreter a program puts in the place of the real one serves its own tests alone',
    threat: "file that shadows the toolchain's",
    program: 'shadow-interpreter.py',
    env: { PATH: '/job:/usr/bin:/bin' },
    tests: [{}, {}],
    expect: {
      ...said('shadowed\n'),
      stages: ['test 1', 'test 2'],
      check: ({ stages }) => {
        const wrote = stages[1]?.stdout
        if (
          wrote !== 'in the place of python3 as 1000, process 1 is "init"\n' &&
          wrote !== 'in the place of python3 as 1000, process 1 is init\n'
        )
          throw new Error(`the second test wrote ${wrote}`)
      },
    },
  },
  {
    title: 'a file that is called like the interpreter is not run unless the program makes it so',
    threat: "file that shadows the toolchain's",
    program: 'who-runs-this.py',
    env: { PATH: '/job:/usr/bin:/bin' },
    files: [{ path: 'python3', content: '#!/bin/sh\necho instead\n' }],
    expect: said('program as 1000\n'),
  },
  {
    title: 'a path without the interpreter is the job’s failure, and says so',
    threat: "file that shadows the toolchain's",
    program: 'who-runs-this.py',
    env: { PATH: '/job' },
    expect: {
      status: 'failed',
      exitCode: 127,
      message: 'stage run could not be started: execve: No such file or directory',
    },
  },
  {
    title: 'files that Bash reads at a login are not read, and its options are the job’s own',
    threat: 'start-up files of a shell',
    program: 'shadow-loader.sh',
    env: { ENV: '/job/.profile', SHELLOPTS: 'verbose', IFS: 'l' },
    files: [
      { path: '.bashrc', content: 'echo from .bashrc\n' },
      { path: '.profile', content: 'echo from .profile\n' },
      { path: '.bash_profile', content: 'echo from .bash_profile\n' },
      { path: '.bash_login', content: 'echo from .bash_login\n' },
    ],
    tests: [{}, {}],
    expect: {
      ...said('hello\n'),
      stderr: /^# What the next test/,
      stages: ['test 1', 'test 2'],
      check: ({ stages }) => {
        if (stages[1]?.stdout !== 'hello\n') throw new Error(`the second test wrote ${stages[1]?.stdout}`)
      },
    },
  },
  {
    title: 'options of the loader reach the program alone',
    threat: 'LD_PRELOAD',
    program: 'who-runs-this.py',
    env: { LD_AUDIT: '/job/evil.so', GCONV_PATH: '/job', LOCPATH: '/job', GLIBC_TUNABLES: 'glibc.malloc.check=3' },
    files: [
      { path: 'evil.so', content: 'not a library' },
      { path: 'gconv-modules', content: 'module EVIL// INTERNAL evil 1\n' },
    ],
    expect: {
      ...said('program as 1000\n'),
      stderr: /^(ERROR: ld\.so: object '\/job\/evil\.so' cannot be loaded.*\n)+$/,
    },
  },
  {
    title: 'files of other tools beside the program configure nothing',
    threat: ["file that shadows the toolchain's", '.npmrc'],
    program: 'who-runs-this.py',
    files: [
      '.gitconfig',
      '.npmrc',
      '.gemrc',
      'Gemfile',
      'go.mod',
      'go.work',
      'build.rs',
      'Cargo.toml',
      '.cargo/config.toml',
      'Makefile',
      'setup.py',
      'conftest.py',
      'requirements.txt',
      'Dockerfile',
      '.rubocop.yml',
    ].map((path) => ({ path, content: 'touch /tmp/pwned\n' })),
    expect: said('program as 1000\n'),
  },
  {
    title: 'a compiler told to run programs runs them in the cell, as the program’s user',
    threat: 'options of a compiler',
    program: 'hello.c',
    compilerArgs: ['-wrapper', '/bin/sh,-c,id -u; cat /proc/1/comm'],
    expect: {
      status: 'failed',
      stages: ['compile', 'run'],
      exitCode: 0,
      stdout: '1000\ninit\n'.repeat(3),
      message: 'stage run could not be started: execve: No such file or directory',
    },
  },
  {
    title: 'a compiler does not run the files of a job in the place of its own parts',
    threat: "file that shadows the toolchain's",
    program: 'hello.c',
    compilerArgs: ['-B.'],
    files: ['as', 'ld', 'cc1', 'collect2'].map((path) => ({ path, content: '#!/bin/sh\necho instead\n' })),
    expect: ran(said('Hello, world!\n')),
  },
  {
    title: 'a compiler that looks for its parts in the job’s folder fails, which is the job’s failure',
    threat: "file that shadows the toolchain's",
    program: 'hello.c',
    env: { GCC_EXEC_PREFIX: '/job/', COMPILER_PATH: '/job', LIBRARY_PATH: '/job' },
    expect: compiling('compile-failed', { exitCode: 1, stderr: /cannot execute .cc1./ }),
  },
  {
    title: 'headers that shadow those of the system do so for their own job',
    threat: "file that shadows the toolchain's",
    program: 'hello.c',
    env: { CPATH: '/job' },
    files: [
      {
        path: 'stdio.h',
        content: '#define puts(text) __builtin_printf("shadowed\\n")\nint printf(const char *, ...);\n',
      },
    ],
    expect: ran(said('shadowed\n')),
  },
  {
    title: 'a folder for the compiler’s own files that cannot be written to is passed over',
    threat: 'options of a compiler',
    program: 'hello.c',
    env: { TMPDIR: '/etc' },
    expect: ran(said('Hello, world!\n')),
  },
  ...(
    [
      ['-specs=evil.specs', /\/etc\/shadow: Permission denied/],
      ['-include/etc/shadow', /\/etc\/shadow: Permission denied/],
      ['-fplugin=/job/evil.so', /cannot load plugin/],
      ['@evil.options', /\/usr\/bin\/gcc: Read-only file system/],
      ['-o/etc/passwd', /\/etc\/passwd: Read-only file system/],
      ['-o../.runyard/init', /\.runyard\/init: Read-only file system/],
      ['-omain.c', /is the same as output file/],
    ] as const
  ).map(([argument, stderr]): HostileRow => ({
    title: `a compiler given ${argument} reaches nothing the program could not`,
    threat: 'options of a compiler',
    program: 'hello.c',
    compilerArgs: [argument],
    files: [
      { path: 'evil.specs', content: '*cc1:\n-include /etc/shadow\n' },
      { path: 'evil.options', content: '-o /usr/bin/gcc' },
      { path: 'evil.so', content: 'not a library' },
    ],
    expect: compiling('compile-failed', { exitCode: 1, stderr }),
  })),
  {
    title: 'a source does not include what the program may not read',
    threat: 'compile-time hang',
    program: 'read-shadow.c',
    expect: compiling('compile-failed', { exitCode: 1, stderr: /\/etc\/shadow: Permission denied/ }),
  },
  {
    title: 'a source does not embed what the program may not read',
    threat: 'compile-time hang',
    program: 'embed-secrets.c',
    expect: compiling('compile-failed', {
      exitCode: 1,
      stderr: /file not found: \/proc\/1\/environ\n.*file not found: \/etc\/shadow\n/,
    }),
  },
  {
    title: 'options of Ruby and files of Bundler reach the program alone',
    threat: 'Gemfile',
    program: 'hello.rb',
    env: { RUBYOPT: '-r/job/evil.rb', RUBYLIB: '/job', BUNDLE_GEMFILE: '/job/Gemfile' },
    files: [
      { path: 'evil.rb', content: 'puts "as #{Process.uid}"\n' },
      { path: 'Gemfile', content: 'system("touch /tmp/pwned")\nputs "bundled"\n' },
      { path: '.bundle/config', content: 'BUNDLE_PATH: "/job"\n' },
    ],
    expect: said('as 1000\nHello, world!\n'),
  },
  {
    title: 'a go.mod that replaces modules, and a go.work beside it, do so for their own job',
    threat: 'go.mod replace',
    program: 'hello.go',
    files: [
      {
        path: 'go.mod',
        content: 'module evil\n\ngo 1.21\n\nreplace golang.org/x/sys => ./evil\n\nreplace fmt => ./evil\n',
      },
      { path: 'go.work', content: 'go 1.21\n\nuse .\n' },
      { path: 'evil/go.mod', content: 'module fmt\n' },
    ],
    expect: ran(said('Hello, world!\n')),
  },
  {
    title: 'a program in the place of Go’s own runs in the cell, as the program’s user',
    threat: ["file that shadows the toolchain's", 'options of a compiler'],
    program: 'hello.go',
    env: { GOFLAGS: '-toolexec=/job/evil' },
    files: [{ path: 'evil', content: '#!/bin/sh\nid -u >&2\nexit 1\n' }],
    expect: compiling('compile-failed', { exitCode: 1, stderr: /permission denied|1000/ }),
  },
  {
    title: 'a build.rs beside the program is not run',
    threat: 'build.rs',
    program: 'hello.rs',
    env: { RUSTC_WRAPPER: '/job/evil', RUSTFLAGS: '-C linker=/job/evil' },
    files: [
      { path: 'build.rs', content: 'fn main() { println!("built"); }\n' },
      { path: 'Cargo.toml', content: '[package]\nname = "evil"\nversion = "1.0.0"\nbuild = "build.rs"\n' },
      { path: '.cargo/config.toml', content: '[build]\nrustc-wrapper = "/job/evil"\n' },
      { path: 'evil', content: '#!/bin/sh\necho instead\n' },
    ],
    expect: ran(said('Hello, world!\n')),
  },
]
