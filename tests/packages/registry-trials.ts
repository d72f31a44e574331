interface OwnFile {
  path: string
  content: string
}

/** What a language is tried with. */
export interface RegistryTrial {
  language: string
  /** A program that uses the packages. */
  code: string
  dependencies: string[]
  stdout: string
  /** The same by files that users have. */
  files: [title: string, files: OwnFile[]][]
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

export const REGISTRY_TRIALS: RegistryTrial[] = [
  {
    language: 'go',
    code: GO,
    dependencies: ['github.com/google/uuid@v1.6.0', 'golang.org/x/text/cases'],
    stdout: '36 Hello\n',
    files: [
      [
        'go.mod with a package of its own',
        [
          { path: 'main.go', content: GO.replace('import (', 'import (\n\t"example.com/program/own"').replace('"hello"', 'own.Text') },
          { path: 'own/own.go', content: 'package own\n\nconst Text = "hello"\n' },
          { path: 'go.mod', content: GO_MOD },
        ],
      ],
      [
        'go.mod and go.sum',
        [
          { path: 'main.go', content: GO },
          { path: 'go.mod', content: GO_MOD },
          { path: 'go.sum', content: GO_SUM },
        ],
      ],
    ],
    refused: [
      ['github.com/google/uuid@v1.99.0', 'package-unknown'],
      ['github.com/google/no-such-module-here', 'package-unknown'],
    ],
    hint: '"github.com/google/uuid"',
  },
] // prettier-ignore
