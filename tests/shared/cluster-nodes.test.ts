import { expect, test } from '@jest/globals'
import { parseClusterNodes } from '../../src/shared/redis/cluster-nodes.ts'

const ID = 'a'.repeat(40)
const line = (address: string, flags: string, slots: string) => `${ID} ${address} ${flags} - 0 1 2 connected ${slots}`

test('nodes, their roles and their slots', () => {
  const answer = [
    line('10.0.0.1:7000@17000', 'myself,master', `0-99 101 [100->-${ID}] [300-<-${ID}]`),
    line('10.0.0.2:7000@17000,redis-2.example', 'master', '200-16383'),
    line('10.0.0.3:7000@17000', 'slave', ''),
    line('[::1]:7000@17000', 'master,fail?', '102-199'),
    line(':0@0', 'master,noaddr,fail', ''),
    '',
  ].join('\n')
  const nodes = parseClusterNodes(answer, 'asked')
  expect(nodes.map(({ isMyself, isMaster, isFailing }) => [isMyself, isMaster, isFailing])).toEqual([
    [true, true, false],
    [false, true, false],
    [false, false, false],
    [false, true, false],
    [false, true, true],
  ])
  expect(nodes[0]).toMatchObject({
    node: { host: '10.0.0.1', port: 7000 },
    ranges: [
      [0, 99],
      [101, 101],
    ],
    leaving: new Set([100]),
  })
  expect(nodes[1]?.node).toEqual({ host: 'redis-2.example', port: 7000 })
  expect(nodes[3]?.node).toEqual({ host: '::1', port: 7000 })
})

test('a node that does not know its own address has that under which it was asked', () => {
  expect(parseClusterNodes(line(':7000@17000', 'myself,master', '0-16383'), '10.0.0.9')[0]?.node).toEqual({
    host: '10.0.0.9',
    port: 7000,
  })
})
