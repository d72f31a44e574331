import { describe } from '@jest/globals'
import { runsOf } from '../support/program-runs.ts'
import { HOSTILE, those } from '../support/program-table.ts'

describe('in a sandbox that serves one job of a tenant after another', () => {
  runsOf('tenant', 1, those(HOSTILE, 'alone'))
})
