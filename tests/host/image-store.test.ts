import { expect, test } from '@jest/globals'
import { CommandError } from '../../src/host/command.ts'
import { listImages } from '../../src/host/images/image-store.ts'

const failure = (said: string) =>
  new CommandError(['podman', 'images'], { exitCode: 125, stdout: '', stderr: said, output: said })

/** Answers of podman, one after another. */
const saying = (...answers: (string | Error)[]) => ({
  run: async () => {
    const answer = answers.shift() ?? 'nothing:left\n'
    if (answer instanceof Error) throw answer
    return answer
  },
})

test('an image that is removed while images are listed does not matter', async () => {
  const gone = failure('Error: locating image "0a1b": image not known')
  expect(await listImages(saying(gone, gone, gone, gone, gone, gone, 'localhost/a:1\n<none>:<none>\n'))).toEqual(
    new Set(['localhost/a:1']),
  )
  await expect(listImages(saying(...Array.from({ length: 9 }, () => gone)))).rejects.toThrow('image not known')
})

test('any other failure is one', async () => {
  await expect(listImages(saying(failure('Error: no space left on device'), 'localhost/a:1\n'))).rejects.toThrow(
    'no space',
  )
})
