import { expect, test } from '@jest/globals'
import { packageToAdd } from '../../src/pages/playground/run/packages.ts'

const SAID = '"cv2" is not installed; to have it installed, add "opencv-python-headless" to "dependencies"'

test.each([
  [SAID, '', 'opencv-python-headless'],
  [SAID, 'numpy\nopencv-python-headless ', undefined],
  [SAID, 'numpy', 'opencv-python-headless'],
  ['"x" is not installed; if it is a package, add "@types/x" to "dependencies"', '', '@types/x'],
  ['it was ended by SIGKILL', '', undefined],
  [null, '', undefined],
])('the message %j with the packages %j offers %j', (message, packages, expected) => {
  expect(packageToAdd({ message }, packages)).toBe(expected)
})
