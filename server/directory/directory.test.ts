import { expect, test } from 'bun:test'
import { createWorld } from '../../test/fixtures/world'
import { Directory } from './directory'

test('who was taken out of a channel while the database could not be read is out as soon as it can be', async () => {
  const world = await createWorld()
  try {
    const ada = await world.user('ada', 'owner')
    const bob = await world.user('bob')
    const { id, target } = await world.talk.channels.create(ada, { name: 'board', visibility: 'private' })
    await world.talk.channels.addMember(ada, target, { kind: 'human', memberId: bob.id })
    const { db } = world.core
    let away = false
    const q = new Proxy(db.q, {
      get: (target, name): unknown => {
        if (away) throw new Error('the database is away')
        return Reflect.get(target, name)
      },
    })
    // Not told of commits by the database itself: the test decides when.
    const directory = new Directory({ ...db, q, onCommit: () => {} })
    await directory.load()
    world.events()
    await world.talk.channels.removeMember(ada, target, 'human', bob.id)
    away = true
    expect(directory.follow(world.events())).rejects.toThrow('away')
    await Bun.sleep(0)
    expect(directory.member(id, 'human', bob.id)).toBeDefined()
    away = false
    await directory.follow([])
    expect(directory.member(id, 'human', bob.id)).toBeUndefined()
  } finally {
    await world.close()
  }
})
