import { describe, expect, test } from 'bun:test'
import type { Command } from '../app/commands'
import { find } from './find'
import { fitness } from './rank'
import { used, worth, type Uses } from './usage'

describe('what fits best', () => {
  const best = (typed: string, texts: string[]) =>
    texts
      .map((text) => [text, fitness(text, typed)] as const)
      .filter(([, score]) => score > 0)
      .sort((a, b) => b[1] - a[1])
      .map(([text]) => text)

  test.each([
    ['gen', ['agents in general', 'general', 'Generate'], ['general', 'Generate', 'agents in general']],
    ['new ch', ['New channel', 'New agent', 'Channel news'], ['New channel', 'Channel news']],
    ['nc', ['New channel', 'Once'], ['Once', 'New channel']],
    ['chnl', ['channel', 'agents'], ['channel']],
    ['zz', ['channel'], []],
    ['频道', ['新频道', '频道', '智能体'], ['频道', '新频道']],
    ['#12', ['#12 Write the notes', '#120 Other'], ['#12 Write the notes', '#120 Other']],
  ])('for “%s”', (typed, texts, expected) => {
    expect(best(typed, texts)).toEqual(expected)
  })
})

describe('the palette', () => {
  const command = (id: string, group: Command['group'], label = id): Command => ({ id, group, icon: '', label })
  const commands = [
    command('create.channel', 'create', 'New channel'),
    command('page.agents', 'page', 'Agents'),
    command('agent.1', 'agent', 'Ada'),
    command('agent.2', 'agent', 'Adam'),
    command('here.leave', 'here', 'Leave #general'),
  ]
  const shown = (typed: string, uses: Uses = {}) =>
    find(commands, typed, uses).map(({ group, commands }) => `${group}: ${commands.map(({ id }) => id).join(' ')}`)

  test('begins with what belongs to the screen and what was used lately', () => {
    const uses = used(used({}, 'agent.2'), 'page.agents')
    expect(shown('', uses)[0]).toBe('here: here.leave')
    expect(shown('', uses)[1]).toMatch(/^recent: (agent\.2 page\.agents|page\.agents agent\.2)$/)
    expect(shown('', uses).at(-1)).toBe('agent: agent.1')
  })

  test('puts the group of the best fit first, and in it the best', () => {
    expect(shown('ada')).toEqual(['agent: agent.1 agent.2'])
    expect(shown('agents')[0]).toBe('page: page.agents')
  })

  test('puts what is used often before what fits nearly as well', () => {
    const often = [1, 2, 3].reduce((uses) => used(uses, 'agent.2'), {} as Uses)
    expect(shown('ad', often)).toEqual(['agent: agent.2 agent.1'])
  })
})

describe('use', () => {
  const day = 86_400_000
  test('counts less as time passes', () => {
    const uses = used({}, 'a', 0)
    expect(worth(uses, 'a', 0)).toBe(1)
    expect(worth(uses, 'a', 5 * day)).toBeCloseTo(0.5)
    expect(worth(used(uses, 'a', 5 * day), 'a', 5 * day)).toBeCloseTo(1.5)
    expect(worth(uses, 'b', 0)).toBe(0)
  })

  test('of the least worth is forgotten when there is too much', () => {
    let uses: Uses = used({}, 'old', 0)
    for (let n = 0; n < 250; n++) uses = used(uses, `n${n}`, day + n)
    expect(Object.keys(uses)).toHaveLength(200)
    expect(uses['old']).toBeUndefined()
    expect(uses['n249']).toBeDefined()
  })
})
