import { describe } from '@jest/globals'
import { runsOf } from '../support/program-runs.ts'
import { HOSTILE, PLAIN, those } from '../support/program-table.ts'

describe('in a sandbox that serves one job of a tenant after another', () => {
  runsOf('tenant', 1, PLAIN)
})

describe('in such a sandbox beside another', () => {
  runsOf('tenant', 2, those(HOSTILE, 'beside'))
})
