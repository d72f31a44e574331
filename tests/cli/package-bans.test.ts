import { expect, test } from '@jest/globals'
import { wasNotBanned } from '../../src/cli/manage-packages.ts'
import { banDetail } from '../../src/shared/environments/package-rules.ts'

test('a ban is told with its reason, if there is one', () => {
  expect(banDetail('six 1.16.0', { reason: 'malware' })).toBe('six 1.16.0 is banned on this server: malware')
  expect(banDetail('six', { reason: '' })).toBe('six is banned on this server')
})

test('unban of a package of which single versions are banned names what lifts their bans', () => {
  const six = { ecosystem: 'pypi', name: 'Six', version: null } as const
  const bans = [
    { ...six, name: 'six', version: '1.16.0' },
    { ...six, ecosystem: 'npm' } as const,
    { ...six, name: 'seven' },
  ]
  expect(wasNotBanned(six, bans)).toBe(
    'Six was not banned; lift its other bans with:\n  runyard packages unban pypi six 1.16.0',
  )
  expect(wasNotBanned({ ...six, name: 'eight' }, bans)).toBe('eight was not banned')
  expect(wasNotBanned({ ...six, version: '1.0' }, [six])).toBe(
    'Six 1.0 was not banned; lift its other bans with:\n  runyard packages unban pypi Six',
  )
})
