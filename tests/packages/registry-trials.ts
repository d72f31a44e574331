interface OwnFile {
  path: string
  content: string
}

/** What a language is tried with. */
export interface RegistryTrial {
  language: string
  /** Whether code of packages may run while they are compiled. */
  builds?: boolean
  /** A program that uses the packages. */
  code: string
  dependencies: string[]
  stdout: string
  /** The same by files that users have. */
  files: [title: string, files: OwnFile[]][]
  /** The same by files with the lock that came back. */
  locked?: (lock: string) => OwnFile[]
  /** What is asked for in vain, and what is told then. */
  refused: [asked: string, fault: string][]
  /** What the program is told to add where it asks for nothing. */
  hint: string
}

const GO = `package main

import (
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

func main() {
	fmt.Println(len(uuid.NewString()), cases.Title(language.English).String("hello"))
}
`
const GO_MOD = `module example.com/program

go 1.21

require (
	github.com/google/uuid v1.6.0
	golang.org/x/text v0.20.0
)
`
const GO_SUM = `github.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=
github.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=
`

const RUST = `fn main() {
    println!("{} {}", itoa::Buffer::new().format(42), hex::encode("hi"));
}
`
const RUST_BUILT = `use rand::Rng;
use serde::Serialize;

#[derive(Serialize)]
struct Point { x: i32 }

fn main() {
    let number: u8 = rand::thread_rng().gen_range(7..8);
    println!("{} {}", serde_json::to_string(&Point { x: 1 }).unwrap(), number);
}
`
const CARGO_TOML = `[package]
name = "program"
version = "0.1.0"
edition = "2021"

[dependencies]
itoa = "1"
hex = { version = "0.4", features = ["std"] }
`

const JAVA = `import com.google.gson.Gson;
import java.util.List;
import org.apache.commons.lang3.StringUtils;

public class Main {
    public static void main(String[] args) {
        System.out.println(new Gson().toJson(List.of(1, 2)) + StringUtils.capitalize("hello"));
    }
}
`
const POM_XML = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId><artifactId>program</artifactId><version>1</version>
  <properties><gson.version>2.11.0</gson.version></properties>
  <dependencies>
    <dependency><groupId>com.google.code.gson</groupId><artifactId>gson</artifactId><version>\${gson.version}</version></dependency>
    <dependency><groupId>org.apache.commons</groupId><artifactId>commons-lang3</artifactId><version>[3.12,4)</version></dependency>
  </dependencies>
</project>
`
const TYPESCRIPT = `import { addDays } from 'date-fns'
import { z } from 'zod'

const start: Date = new Date(z.string().parse('2020-01-01'))
console.log(addDays(start, 1).toISOString())
`
const PYTHON = `import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot
import pandas

frame = pandas.DataFrame({"x": [1, 2]})
matplotlib.pyplot.plot(frame.x)
print(frame.x.sum(), len(matplotlib.pyplot.gcf().axes))
`
const JAVASCRIPT = `const { addDays } = require('date-fns')
console.log(require('zod').z.number().parse(7), addDays(new Date(0), 1).getTime())
`
const NPM = JSON.stringify({ dependencies: { 'date-fns': '4', zod: '3' } })

/** Files of a program, by their paths. */
const asFiles = (files: Record<string, string>): OwnFile[] =>
  Object.entries(files).map(([path, content]) => ({ path, content }))

/** What Node.js and TypeScript have in common. @param file of the program */
const ofNode = (file: string, code: string) => ({
  code,
  dependencies: ['date-fns@4', 'zod@3'],
  files: [['package.json', asFiles({ [file]: code, 'package.json': NPM })]] satisfies RegistryTrial['files'],
  refused: [['no-such-package-here-at-all', 'package-unknown']] satisfies RegistryTrial['refused'],
  hint: '"date-fns"',
})
const LOCK_OF_CARGO = '-- Cargo.lock --\n'

export const REGISTRY_TRIALS: RegistryTrial[] = [
  {
    language: 'java',
    code: JAVA,
    dependencies: ['com.google.code.gson:gson:2.11.0', 'org.apache.commons:commons-lang3'],
    stdout: '[1,2]Hello\n',
    files: [
      ['pom.xml', asFiles({ 'Main.java': JAVA, 'pom.xml': POM_XML })],
      [
        '//DEPS',
        asFiles({ 'Main.java': `//DEPS com.google.code.gson:gson org.apache.commons:commons-lang3:3.14.0\n${JAVA}` }),
      ],
    ],
    refused: [
      ['com.google.code.gson:gson:99', 'package-unknown'],
      ['com.example.nobody:no-such-jar:1', 'package-unknown'],
      ['com.example.nobody:no-such-jar', 'package-unknown'],
    ],
    hint: '"com.google.code.gson:gson"',
  },
  { language: 'typescript', ...ofNode('main.ts', TYPESCRIPT), stdout: '2020-01-02T00:00:00.000Z\n' },
  {
    language: 'javascript',
    ...ofNode('main.js', JAVASCRIPT),
    stdout: '7 86400000\n',
    locked: (lock) => asFiles({ 'main.js': JAVASCRIPT, 'package.json': NPM, 'package-lock.json': lock }),
  },
  {
    language: 'python',
    code: PYTHON,
    dependencies: ['pandas', 'matplotlib'],
    stdout: '3 1\n',
    files: [
      ['requirements.txt', asFiles({ 'main.py': PYTHON, 'requirements.txt': 'pandas\nmatplotlib\n' })],
      ['PEP 723', asFiles({ 'main.py': `# /// script\n# dependencies = ["pandas", "matplotlib"]\n# ///\n${PYTHON}` })],
    ],
    locked: (lock) => asFiles({ 'main.py': PYTHON, 'requirements.txt': lock }),
    refused: [['no-such-package-here-at-all', 'package-unknown']],
    hint: '"matplotlib"',
  },
  {
    language: 'go',
    code: GO,
    dependencies: ['github.com/google/uuid@v1.6.0', 'golang.org/x/text/cases'],
    stdout: '36 Hello\n',
    files: [
      ['go.mod', asFiles({ 'main.go': GO, 'go.mod': GO_MOD })],
      ['go.mod and go.sum', asFiles({ 'main.go': GO, 'go.mod': GO_MOD, 'go.sum': GO_SUM })],
    ],
    refused: [
      ['github.com/google/uuid@v1.99.0', 'package-unknown'],
      ['github.com/google/no-such-module-here', 'package-unknown'],
    ],
    hint: '"github.com/google/uuid"',
  },
  {
    language: 'rust',
    code: RUST,
    dependencies: ['itoa@1', 'hex'],
    stdout: '42 6869\n',
    files: [['Cargo.toml', asFiles({ 'main.rs': RUST, 'Cargo.toml': CARGO_TOML })]],
    locked: (lock) =>
      asFiles({
        'main.rs': RUST,
        'Cargo.toml': CARGO_TOML,
        'Cargo.lock': lock.slice(lock.indexOf(LOCK_OF_CARGO) + LOCK_OF_CARGO.length),
      }),
    refused: [
      ['rand@0.8', 'package-needs-build'],
      ['no-such-crate-here', 'package-unknown'],
      ['itoa@99', 'environment-failed'],
    ],
    hint: '"itoa"',
  },
  {
    language: 'rust',
    builds: true,
    code: RUST_BUILT,
    dependencies: ['serde[derive]@1', 'serde_json@1', 'rand@0.8'],
    stdout: '{"x":1} 7\n',
    files: [],
    refused: [],
    hint: '"rand"',
  },
]

/** Sets of packages, by a program that uses some of each. */
export const SET_TRIALS: { language: string; set: string; code: string; stdout: string }[] = [
  {
    language: 'python',
    set: 'python/data',
    code: 'import numpy, pandas, scipy, matplotlib, sympy, sklearn, PIL, openpyxl, requests\nprint(int(numpy.arange(4).sum()), sympy.Integer(2) ** 10)\n',
    stdout: '6 1024\n',
  },
  {
    language: 'javascript',
    set: 'javascript/web',
    code: "for (const name of ['axios', 'cheerio', 'date-fns', 'express', 'lodash', 'ws', 'zod']) require(name)\nconsole.log(require('lodash').sum([1, 2]))\n",
    stdout: '3\n',
  },
  {
    language: 'typescript',
    set: 'javascript/web',
    code: "import { z } from 'zod'\nconst three: number = z.number().parse(3)\nconsole.log(three)\n",
    stdout: '3\n',
  },
]
