import { describe, expect, test } from '@jest/globals'
import { globProblem, plainGlobs } from '../../../../src/api/jobs/request/glob-problem.ts'

describe('braces stand for each of their alternatives:', () => {
  test.each([
    { glob: '*.{png,jpg}', plain: ['*.png', '*.jpg'] },
    { glob: '{a,b}/{c,d}', plain: ['a/c', 'a/d', 'b/c', 'b/d'] },
    { glob: 'out{,/**}/*.csv', plain: ['out/*.csv', 'out/**/*.csv'] },
    { glob: '{a,{b,c}d}.txt', plain: ['a.txt', 'bd.txt', 'cd.txt'] },
    { glob: '{a,a}', plain: ['a'] },
    { glob: '{[,},x}', plain: ['[,}', 'x'], problem: /\[/ },
    { glob: 'a[{]b[},]', plain: ['a[{]b[},]'] },
    { glob: '[!{]x{1,2}', plain: ['[!{]x1', '[!{]x2'] },
  ])('$glob', ({ glob, plain, problem }) => {
    if (problem) return expect(globProblem(glob)).toMatch(problem)
    expect(globProblem(glob)).toBeUndefined()
    expect(plainGlobs([glob])).toEqual(plain)
  })
})

describe('a pattern that would be taken for something else than what it means is refused, with what can be written:', () => {
  test.each([
    { glob: '*.{png', words: /without its "}"/ },
    { glob: '*.png}', words: /without its "{"/ },
    { glob: '*.{png}', words: /no comma/ },
    { glob: 'file{1..9}.txt', words: /ranges such as \{1\.\.9\} are not supported/ },
    { glob: `${'{a,b}'.repeat(5)}`, words: /more than 16/ },
    { glob: `${'{a,b}'.repeat(40)}`, words: /more than 16/ },
    { glob: '!*.tmp', words: /must not begin with "!"/ },
    { glob: '!(a).txt', words: /must not begin with "!"/ },
    { glob: 'x!(a).txt', words: /must not contain "!\(".*supported are/ },
    { glob: '*.@(png|jpg)', words: /must not contain "@\("/ },
    { glob: '+(a)', words: /must not contain "\+\("/ },
    { glob: '[^a-z].txt', words: /\[!a-z\]/ },
    { glob: '[[:alpha:]]', words: /classes of characters/ },
    { glob: 'out\\*.png', words: /write "\/" between folders/ },
    { glob: '{a,/b}', words: /must be relative/ },
    { glob: 'a{/..,b}', words: /must not contain "\.\."/ },
    { glob: '**.txt', words: /"\*\*" beside anything/ },
  ])('$glob', ({ glob, words }) => expect(globProblem(glob)).toMatch(words))

  test('and parentheses in a name are not', () => {
    for (const glob of ['report (1).txt', '*[(]1).txt', 'a(b)c']) expect(globProblem(glob)).toBeUndefined()
  })
})
