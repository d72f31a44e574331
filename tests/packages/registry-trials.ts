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

export const REGISTRY_TRIALS: RegistryTrial[] = [
  {
    language: 'go',
    code: GO,
    dependencies: ['github.com/google/uuid@v1.6.0', 'golang.org/x/text/cases'],
    stdout: '36 Hello\n',
    files: [
      [
        'go.mod',
        [
          { path: 'main.go', content: GO },
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
  {
    language: 'rust',
    code: RUST,
    dependencies: ['itoa@1', 'hex'],
    stdout: '42 6869\n',
    files: [
      [
        'Cargo.toml',
        [
          { path: 'main.rs', content: RUST },
          { path: 'Cargo.toml', content: CARGO_TOML },
        ],
      ],
    ],
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
