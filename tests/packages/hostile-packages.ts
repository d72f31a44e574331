import { randomBytes } from 'node:crypto'
import { MIB } from '../../src/shared/limits.ts'
import { type Entries, zip } from '../support/archives.ts'
import type { TestCrates } from '../support/crates-registry.ts'
import type { TestGems } from '../support/gem-index.ts'
import type { TestProxy } from '../support/go-proxy.ts'
import { needs, placeOf, type TestRepository } from '../support/maven-repository.ts'

/** Name of a file that an archive has above its own folder. */
export const CLIMBED = 'runyard-test-escaped-packages'
/** Where it comes to lie when it is unpacked as it says: in a cell, or by a worker on its host. */
export const ESCAPED = `/tmp/${CLIMBED}`
const UP = `../../../../../../../..${ESCAPED}`
/** What code of a package writes when it is run in the installer's cell: a job finds it among the packages. */
const RAN = '/tmp/environment/ran'

export type Hostile = {
  language: 'go' | 'rust' | 'java' | 'ruby'
  title: string
  asked: object
} & (
  | { /** What is said. */ code: string; says?: RegExp; run?: never; stdout?: never }
  | {
      says?: never
      /** It is harmless. */ code: 'ready'
      /** A program that shows it, by what it prints. */ run: string
      stdout: string
    }
)

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, number) => [`f${number}.txt`, '']))

export function addHostileModules({ add }: TestProxy): void {
  const of = (name: string) => ({ path: `example.com/${name}`, version: 'v1.0.0' })
  add({ ...of('climber'), files: { 'a.go': 'package climber\n', [UP]: 'x' } })
  add({
    ...of('linker'),
    files: { 'a.go': 'package linker\n\nconst Word = "linked"\n', secret: '/etc/passwd' },
    modes: { secret: 0o120777 },
  })
  add({ ...of('bomb'), files: { 'a.go': 'package bomb\n', zeros: Buffer.alloc(200 * MIB) } })
  add({ ...of('crowd'), files: { 'a.go': 'package crowd\n', ...many(1000) } })
  add({ ...of('forged'), files: { 'a.go': 'package forged\n' } })
  add({
    ...of('liar'),
    files: {
      'a.go': 'package liar\n\nconst Word = "itself"\n',
      'go.mod': 'module example.com/other\nrequire example.com/runner v1.0.0\n',
    },
  })
  add({ ...of('fresh'), files: { 'a.go': 'package fresh\n' }, days: 2 })
  add({
    ...of('chooser'),
    mod: 'toolchain go1.99.9\n',
    files: { 'a.go': 'package chooser\n\nconst Word = "chosen"\n' },
  })
  const generate = `//go:generate touch ${RAN}\npackage runner\n\nconst Word = "not run"\n`
  const cgo = `package runner\n\n// #cgo CFLAGS: -fplugin=./evil.so\n// int x;\nimport "C"\n`
  add({ ...of('runner'), files: { 'a.go': generate, 'c/c.go': cgo, 'broken/b.go': 'package broken\n\nfunc (' } })
}

export function addHostileCrates({ add }: TestCrates): void {
  const version = '1.0.0'
  const library: [string, string] = ['src/lib.rs', 'pub const WORD: &str = "used";\n']
  add({ name: 'climber', version, files: [library, [UP, 'x']] })
  add({
    name: 'linker',
    version,
    files: [library, ['secret', '']],
    types: { secret: '2' },
    links: { secret: '/etc/passwd' },
  })
  add({ name: 'bomb', version, files: [['zeros', Buffer.alloc(300 * MIB)]] })
  add({ name: 'crowd', version, files: [library, ...Object.entries(many(50_000))] })
  add({
    name: 'liar',
    version,
    files: [library, ['Cargo.toml', '[package]\nname = "other"\nversion = "1.0.0"\nedition = "2021"\n']],
  })
  add({
    name: 'needy',
    version,
    files: [library],
    toml: '[dependencies]\nbuilder = "1"\n',
  })
  add({ name: 'forged', version, cksum: '0'.repeat(64) })
  add({ name: 'fresh', version, days: 2 })
  const runs = `fn main() { std::fs::write("${RAN}", "x").unwrap(); }`
  add({ name: 'builder', version, files: [['build.rs', runs]] })
  add({ name: 'hider', version, toml: 'build = "src/other.rs"\n', files: [['src/other.rs', runs]] })
  add({ name: 'macros', version, toml: '[lib]\nproc-macro = true\n' })
  add({
    name: 'includer',
    version,
    files: [['src/lib.rs', 'pub const S: &str = include_str!("/etc/hostname-of-the-host");']],
  })
}

/** @param elsewhere an address that only packages name @param maxBytes of an environment */
export function addHostileJars({ add }: TestRepository, elsewhere: string, maxBytes: number): void {
  const hello = Buffer.from('x')
  add({
    at: 'org.h:climber:1.0',
    files: [
      [UP, 'x'],
      ['a.txt', 'x'],
    ],
  })
  add({ at: 'org.h:driver:1.0', files: [['C:\\x', 'x']] })
  const twice: Entries = [
    ['a.txt', 'x'],
    ['a.txt', 'y'],
  ]
  add({ at: 'org.h:twice:1.0', files: twice })
  add({ at: 'org.h:masked:1.0', files: zip([['a.txt', 'x']], { locals: { 'a.txt': UP } }) })
  add({ at: 'org.h:linker:1.0', files: zip([['secret', '/etc/passwd']], { modes: { secret: 0o120777 } }) })
  add({ at: 'org.h:bomb:1.0', files: [['zeros', Buffer.alloc(200 * MIB)]] })
  add({ at: 'org.h:heavy:1.0', files: [['noise', randomBytes(maxBytes + MIB)]] })
  add({ at: 'org.h:crowd:1.0', files: Object.entries(many(5000)) })
  add({ at: 'org.h:forged:1.0', sha1: '0'.repeat(40) })
  add({ at: 'org.h:no-jar:1.0', files: hello })
  add({ at: 'org.h:fresh:1.0', days: 2 })
  add({ at: 'org.h:undated:1.0', days: null })
  add({
    at: 'org.h:reader:1.0',
    pom: needs(['org.h:passwd:1', '<scope>system</scope><systemPath>/etc/passwd</systemPath>']),
  })
  add({ at: 'org.h:up:1.0', pom: needs(['../../..:x:1']) })
  const doubled = Array.from(
    { length: 40 },
    (_, number) => `<p${number + 1}>\${p${number}}\${p${number}}</p${number + 1}>`,
  ).join('')
  add({
    at: 'org.h:laughing:1.0',
    pom: `<properties><p0>ha</p0>${doubled}</properties><name>\${p40}</name>${needs(['org.h:x:${p40}'])}`,
  })
  add({ at: 'org.h:circle:1.0', pom: `<parent>${placeOf('org.h:circle:1.0')}</parent>` })
  const repository = `<repositories><repository><id>other</id><url>${elsewhere}</url></repository></repositories>`
  add({ at: 'org.h:caller:1.0', pom: `${repository}${needs(['org.h:elsewhere:1.0'])}` })
  const plugin = `<build><extensions><extension>${placeOf('org.h:climber:1.0')}</extension></extensions><plugins><plugin>${placeOf('org.h:climber:1.0')}<extensions>true</extensions></plugin></plugins></build>`
  const used: [string, string] = [
    'lib/Used.java',
    'package lib; public class Used { public static String WORD = "used"; }',
  ]
  add({ at: 'org.h:plugged:1.0', pom: plugin, files: [used] })
}

export function addHostileGems({ add }: TestGems): void {
  const version = '1.0.0'
  const writes = `File.write("${RAN}", "x")\n`
  const library = (name: string): [string, string] => [`lib/${name}.rb`, `module Word; USED = "${name}"; end\n`]
  const linked = { name: 'linker', version, links: { secret: '/etc/passwd' } }
  add(
    { name: 'climber', version, files: [library('climber'), [UP, 'x']] },
    { name: 'rooted', version, files: [library('rooted'), [ESCAPED, 'x']] },
    { ...linked, files: [library('linker'), ['secret', '']], types: { secret: '2' } },
    { ...linked, name: 'twin', files: [library('twin'), ['secret', '']], types: { secret: '1' } },
    { name: 'piped', version, files: [library('piped'), ['pipe', '']], types: { pipe: '6' } },
    { name: 'bomb', version, files: [library('bomb'), ['zeros', Buffer.alloc(300 * MIB)]] },
    { name: 'crowd', version, files: Object.entries(many(200_000)) },
    { name: 'forged', version, checksum: '0'.repeat(64) },
    { name: 'true-one', version, files: [library('true-one')] },
    { name: 'fresh', version, days: 2 },
    { name: 'undated', version, days: null },
    { name: 'builder', version, extensions: ['ext/builder/extconf.rb'], files: [['ext/builder/extconf.rb', writes]] },
    { name: 'maker', version, extensions: ['Rakefile'], files: [['Rakefile', writes]] },
    { name: 'needs-builder', version, needs: { builder: '>= 0' } },
    {
      name: 'hider',
      version,
      files: [
        library('hider'),
        ['ext/hider/extconf.rb', writes],
        ['Rakefile', writes],
        ['lib/rubygems_plugin.rb', writes],
        ['lib/sitecustomize.rb', writes],
      ],
    },
    { name: 'liar', version, files: [library('liar')], metadata: { name: 'other' } },
    { name: 'older', version, files: [library('older')], metadata: { version: '0.9.0' } },
    { name: 'greedy', version, files: [library('greedy')], metadata: { needs: { builder: '>= 0' } } },
    { name: 'objects', version, metadata: { yaml: '--- !ruby/object:Gem::Installer\ni: x\n' } },
    { name: 'noise', version, metadata: { yaml: '[' } },
    { name: 'silent', version, metadata: { yaml: '' } },
    { name: 'folder', version, files: [library('folder')], metadata: { folders: `lib\n${writes}#` } },
    { name: 'parent', version, files: [library('parent')], metadata: { folders: 'lib/../../x' } },
    {
      name: 'quoted',
      version,
      files: [library('quoted')],
      metadata: { developed: `x>); ${writes.trim()}; (%q<y` },
    },
    { name: 'speaker', version, metadata: { name: 'other\nneeds-build: rack 1.0 has an extension\ntoo large: x\n' } },
    { name: 'error_highlight', version: '99.0.0', files: [['lib/error_highlight.rb', writes]] },
  )
}

const goProgram = (name: string, ...more: string[]) => `package main

import (
	"fmt"
	"os"
	"runtime"

	"example.com/${name}"
)

func isFile(path string) bool {
	status, err := os.Lstat(path)
	return err == nil && status.Mode().IsRegular()
}

var version = runtime.Version()

func main() { fmt.Println(${[`${name}.Word`, ...more].join(', ')}) }
`
/** Prints what it uses, and what lies among the packages that must not: links, and files of these names. */
const rustProgram = (crate: string) => `use std::fs::read_dir;
use std::path::Path;

fn strange(folder: &Path) -> usize {
    let mut count = 0;
    for entry in read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            count += strange(&entry.path());
        } else if !kind.is_file() || ["secret", "${CLIMBED}"].iter().any(|name| entry.file_name() == *name) {
            count += 1;
        }
    }
    count
}

fn main() {
    println!("{} {}", ${crate}::WORD, strange(Path::new("/environment")));
}
`
/** Prints all that lies among the packages. */
const LISTS = `import java.nio.file.*;

class Main {
    public static void main(String[] args) throws Exception {
        try (var found = Files.walk(Path.of("/environment"))) {
            found.filter(one -> !Files.isDirectory(one, LinkOption.NOFOLLOW_LINKS)).map(Path::toString).sorted().forEach(System.out::println);
        }
    }
}
`
/** It is there as one jar, with nothing beside it. */
const asOneJar = (name: string) => ({
  code: 'ready' as const,
  run: LISTS,
  stdout: `/environment/jars/org/h/${name}/1.0/${name}-1.0.jar\n/environment/packages.jar\n`,
})
const module = (name: string) => ({ dependencies: [`example.com/${name}@v1.0.0`] })
const crate = (name: string) => ({ dependencies: [`${name}@1`] })
const jar = (name: string) => ({ dependencies: [`org.h:${name}:1.0`] })
const gem = (name: string) => ({ dependencies: [`${name}@1`] })
/** Prints what it uses, and what lies among the gems that must not: links, and files of these names. */
const rubyProgram = (name: string) => `require "${name}"
strange = Dir.glob("/environment/**/*", File::FNM_DOTMATCH).select do |path|
  File.symlink?(path) || !(File.file?(path) || File.directory?(path)) || ["secret", "ran", "${CLIMBED}"].include?(File.basename(path))
end
puts [Word::USED, strange.length, File.exist?("${RAN}")].join(" ")
`
const GEM_LOCK = (name: string, sum: string) =>
  `GEM\n  specs:\n    ${name} (1.0.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  ${name}\n\nCHECKSUMS\n  ${name} (1.0.0) sha256=${sum}\n`
const FORGED_SUM = `example.com/forged v1.0.0 h1:${'A'.repeat(43)}=\nexample.com/forged v1.0.0/go.mod h1:${'A'.repeat(43)}=\n`

export const HOSTILE: Hostile[] = [
  {
    language: 'go',
    title: 'a member that leads out of its folder',
    asked: module('climber'),
    code: 'environment-failed',
  },
  {
    language: 'go',
    title: 'a link, which is unpacked as a file',
    asked: module('linker'),
    code: 'ready',
    run: goProgram('linker', 'isFile("/environment/modules/example.com/linker@v1.0.0/secret")'),
    stdout: 'linked true\n',
  },
  { language: 'go', title: 'a bomb', asked: module('bomb'), code: 'environment-too-large' },
  { language: 'go', title: 'a crowd of files', asked: module('crowd'), code: 'environment-too-large' },
  {
    language: 'go',
    title: 'another content than its hash says',
    asked: {
      manifest: `-- go.mod --\nmodule job\ngo 1.21\nrequire example.com/forged v1.0.0\n-- go.sum --\n${FORGED_SUM}`,
    },
    code: 'environment-failed',
  },
  {
    language: 'go',
    title: 'a go.mod within that lies about its name and what it needs',
    asked: module('liar'),
    code: 'ready',
    run: goProgram('liar', 'isFile("/environment/modules/example.com/runner@v1.0.0/a.go")'),
    stdout: 'itself false\n',
  },
  { language: 'go', title: 'too new', asked: module('fresh'), code: 'package-too-new' },
  {
    language: 'go',
    title: 'a name one letter off',
    asked: { dependencies: ['github.com/gin-gonic/gim'] },
    code: 'submission-blocked',
  },
  {
    language: 'go',
    title: 'a toolchain of its own',
    asked: module('chooser'),
    code: 'ready',
    run: goProgram('chooser', 'version == "go1.99.9"'),
    stdout: 'chosen false\n',
  },
  {
    language: 'go',
    title: 'what is run or compiled by others, and what does not compile',
    asked: module('runner'),
    code: 'ready',
    run: goProgram('runner', 'isFile("/environment/ran")'),
    stdout: 'not run false\n',
  },
  {
    language: 'rust',
    title: 'a member that leads out of its folder',
    asked: crate('climber'),
    code: 'ready',
    run: rustProgram('climber'),
    stdout: 'used 0\n',
  },
  {
    language: 'rust',
    title: 'a link',
    asked: crate('linker'),
    code: 'environment-failed',
  },
  { language: 'rust', title: 'a bomb', asked: crate('bomb'), code: 'environment-too-large' },
  { language: 'rust', title: 'a crowd of files', asked: crate('crowd'), code: 'environment-too-large' },
  { language: 'rust', title: 'a Cargo.toml of another name', asked: crate('liar'), code: 'environment-failed' },
  {
    language: 'rust',
    title: 'a Cargo.toml that needs more than the index says',
    asked: crate('needy'),
    code: 'ready',
    run: rustProgram('needy'),
    stdout: 'used 0\n',
  },
  { language: 'rust', title: 'another content than its hash says', asked: crate('forged'), code: 'environment-failed' },
  { language: 'rust', title: 'too new', asked: crate('fresh'), code: 'package-too-new' },
  { language: 'rust', title: 'a name one letter off', asked: crate('serdee'), code: 'submission-blocked' },
  { language: 'rust', title: 'a build script', asked: crate('builder'), code: 'package-needs-build' },
  { language: 'rust', title: 'a build script of another name', asked: crate('hider'), code: 'package-needs-build' },
  { language: 'rust', title: 'a macro', asked: crate('macros'), code: 'package-needs-build' },
  {
    language: 'rust',
    title: 'a file of the host, to be compiled in',
    asked: crate('includer'),
    code: 'environment-failed',
  },
  {
    language: 'java',
    title: 'a member that leads out of its folder',
    asked: jar('climber'),
    code: 'environment-failed',
    says: /org\.h:climber:jar:1\.0 has the member "[./]+tmp\/[^"]+": a member's path must be relative/,
  },
  {
    language: 'java',
    title: 'a member on a drive',
    asked: jar('driver'),
    code: 'environment-failed',
    says: /has the member "C:\\x": a member's path must be relative/,
  },
  {
    language: 'java',
    title: 'a member with two contents',
    asked: jar('twice'),
    code: 'environment-failed',
    says: /has the member "a\.txt" twice, with different content/,
  },
  {
    language: 'java',
    title: 'a member that its header calls otherwise',
    asked: jar('masked'),
    code: 'environment-failed',
    says: /has the member "a\.txt": its header says otherwise/,
  },
  { language: 'java', title: 'a link, which stays in its jar', asked: jar('linker'), ...asOneJar('linker') },
  { language: 'java', title: 'a bomb, which nobody unpacks', asked: jar('bomb'), ...asOneJar('bomb') },
  { language: 'java', title: 'more bytes than are allowed', asked: jar('heavy'), code: 'environment-too-large' },
  { language: 'java', title: 'a crowd of files in one', asked: jar('crowd'), ...asOneJar('crowd') },
  { language: 'java', title: 'another content than its hash says', asked: jar('forged'), code: 'environment-failed' },
  {
    language: 'java',
    title: 'another content than a lock says',
    asked: { manifest: `-- Maven jars --\norg.h:climber:jar:1.0 sha256:${'0'.repeat(64)}\n` },
    code: 'environment-failed',
  },
  { language: 'java', title: 'no jar', asked: jar('no-jar'), code: 'environment-failed' },
  { language: 'java', title: 'too new', asked: jar('fresh'), code: 'package-too-new' },
  { language: 'java', title: 'without a date', asked: jar('undated'), code: 'package-too-new' },
  {
    language: 'java',
    title: 'a name one letter off',
    asked: { dependencies: ['com.google.guava:guavaa'] },
    code: 'submission-blocked',
  },
  { language: 'java', title: 'a file of the host', asked: jar('reader'), ...asOneJar('reader') },
  {
    language: 'java',
    title: 'a name that leads out of the repository',
    asked: jar('up'),
    code: 'environment-failed',
  },
  {
    language: 'java',
    title: 'properties that double each other',
    asked: jar('laughing'),
    code: 'environment-failed',
  },
  { language: 'java', title: 'its own parent', asked: jar('circle'), code: 'environment-failed' },
  { language: 'java', title: 'a repository of its own', asked: jar('caller'), code: 'package-unknown' },
  {
    language: 'java',
    title: 'plugins and extensions',
    asked: jar('plugged'),
    code: 'ready',
    run: 'class Main { public static void main(String[] a) { System.out.println(lib.Used.WORD + Main.class.getResource("/zeros")); } }',
    stdout: 'usednull\n',
  },
  {
    language: 'ruby',
    title: 'a member that leads out of its folder',
    asked: gem('climber'),
    code: 'environment-failed',
    says: /has the path/,
  },
  {
    language: 'ruby',
    title: 'a member with an absolute path',
    asked: gem('rooted'),
    code: 'environment-failed',
    says: /has the path/,
  },
  { language: 'ruby', title: 'a link', asked: gem('linker'), code: 'environment-failed', says: /no plain file/ },
  { language: 'ruby', title: 'a hard link', asked: gem('twin'), code: 'environment-failed', says: /no plain file/ },
  { language: 'ruby', title: 'a pipe', asked: gem('piped'), code: 'environment-failed', says: /no plain file/ },
  { language: 'ruby', title: 'a bomb', asked: gem('bomb'), code: 'environment-too-large' },
  { language: 'ruby', title: '200,000 files', asked: gem('crowd'), code: 'environment-too-large' },
  {
    language: 'ruby',
    title: 'another content than its hash says',
    asked: gem('forged'),
    code: 'environment-failed',
    says: /hash/,
  },
  {
    language: 'ruby',
    title: 'another content than a lock says',
    asked: { manifest: GEM_LOCK('true-one', '0'.repeat(64)) },
    code: 'environment-failed',
    says: /another checksum/,
  },
  { language: 'ruby', title: 'too new', asked: gem('fresh'), code: 'package-too-new' },
  { language: 'ruby', title: 'without a date', asked: gem('undated'), code: 'package-too-new' },
  {
    language: 'ruby',
    title: 'a version that is too new, of a lock',
    asked: { manifest: GEM_LOCK('fresh', '0'.repeat(64)) },
    code: 'package-too-new',
  },
  {
    language: 'ruby',
    title: 'a name one letter off',
    asked: { dependencies: ['nokogirii'] },
    code: 'submission-blocked',
  },
  {
    language: 'ruby',
    title: 'a name that nobody has',
    asked: { dependencies: ['nobody-has-this'] },
    code: 'package-unknown',
  },
  {
    language: 'ruby',
    title: 'an extension, whose code would run',
    asked: gem('builder'),
    code: 'package-needs-build',
    says: /extconf\.rb/,
  },
  {
    language: 'ruby',
    title: 'an extension that is a Rakefile',
    asked: gem('maker'),
    code: 'package-needs-build',
    says: /Rakefile/,
  },
  {
    language: 'ruby',
    title: 'what needs an extension',
    asked: gem('needs-builder'),
    code: 'package-needs-build',
    says: /builder 1\.0\.0/,
  },
  {
    language: 'ruby',
    title: 'another name in itself',
    asked: gem('liar'),
    code: 'environment-failed',
    says: /says in itself that it is other-1\.0\.0/,
  },
  {
    language: 'ruby',
    title: 'another version in itself',
    asked: gem('older'),
    code: 'environment-failed',
    says: /says in itself that it is older-0\.9\.0/,
  },
  {
    language: 'ruby',
    title: 'more needs in itself than the index says',
    asked: gem('greedy'),
    code: 'environment-failed',
    says: /needs builder/,
  },
  {
    language: 'ruby',
    title: 'metadata that make objects',
    asked: gem('objects'),
    code: 'environment-failed',
    says: /cannot be read/,
  },
  {
    language: 'ruby',
    title: 'metadata that are none',
    asked: gem('noise'),
    code: 'environment-failed',
    says: /cannot be read/,
  },
  {
    language: 'ruby',
    title: 'no metadata',
    asked: gem('silent'),
    code: 'environment-failed',
    says: /are empty/,
  },
  {
    language: 'ruby',
    title: 'code in the name of a folder',
    asked: gem('folder'),
    code: 'environment-failed',
    says: /have the name lib\\n/,
  },
  {
    language: 'ruby',
    title: 'a folder outside of it to load from',
    asked: gem('parent'),
    code: 'environment-failed',
    says: /have the name/,
  },
  {
    language: 'ruby',
    title: 'code in the name of a gem that it is developed with',
    asked: gem('quoted'),
    code: 'ready',
    run: rubyProgram('quoted'),
    stdout: 'quoted 0 false\n',
  },
  {
    language: 'ruby',
    title: 'a name with the lines of other errors',
    asked: gem('speaker'),
    code: 'environment-failed',
    says: /says in itself that it is other\\n/,
  },
  {
    language: 'ruby',
    title: 'what Ruby loads at each start',
    asked: { dependencies: ['error_highlight'] },
    code: 'environment-failed',
    says: /at each start/,
  },
  {
    language: 'ruby',
    title: 'an extension and plugins that its metadata do not name',
    asked: gem('hider'),
    code: 'ready',
    run: rubyProgram('hider'),
    stdout: 'hider 0 false\n',
  },
]
