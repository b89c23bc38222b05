import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { MAX_VIEWS, type NewTaskView } from '@shared/contract'
import { createWorld, type World } from '../../test/fixtures/world'
import { type Scratch, storages } from '../../test/storages'
import type { UserPrincipal } from '../access/principal'

for (const storage of storages.filter((s) => s.available))
  describe(`on ${storage.name}`, () => {
    let scratch: Scratch
    let world: World
    let ada: UserPrincipal
    let bob: UserPrincipal
    let eve: UserPrincipal

    beforeAll(async () => {
      scratch = await storage.scratch()
      world = await createWorld(scratch.dsn)
      ada = await world.user('ada', 'owner')
      bob = await world.user('bob')
      eve = await world.user('eve')
    }, 60_000)
    afterAll(async () => {
      await world?.close()
      await scratch?.drop()
    })

    const make = (p: UserPrincipal, name: string, more: Partial<NewTaskView> = {}) =>
      world.talk.views.create(p, { name, shared: false, target: null, query: 'state=todo', ...more })
    const names = async (p: UserPrincipal) => (await world.talk.views.list(p)).items.map((view) => view.name)
    const told = () => world.events().map((e) => `${e.kind} ${e.operation} ${e.audience}`)

    test('a view is its maker’s alone until they share it, and then everybody’s', async () => {
      world.events()
      const view = await make(bob, 'mine')
      expect(told()).toEqual([`task_view created user:${bob.id}`])
      expect(await names(bob)).toEqual(['mine'])
      expect(await names(eve)).toEqual([])
      const shared = await world.talk.views.update(bob, view.id, { shared: true, name: 'ours' })
      expect(shared).toMatchObject({ name: 'ours', shared: true, query: 'state=todo', createdBy: { id: bob.id } })
      expect(told()).toEqual([`task_view deleted user:${bob.id}`, 'task_view updated all'])
      expect(await names(eve)).toEqual(['ours'])
      await world.talk.views.update(bob, view.id, { shared: false })
      expect(told()).toEqual(['task_view deleted all', `task_view updated user:${bob.id}`])
      expect(await names(eve)).toEqual([])
      await world.talk.views.remove(bob, view.id)
      expect(await names(bob)).toEqual([])
    })

    test('nobody changes another’s view; an admin may remove a shared one, and no other', async () => {
      const [own, shared] = [await make(bob, 'own'), await make(bob, 'shared', { shared: true })]
      const gone = { code: 'view_unknown' }
      for (const { id } of [own, shared]) {
        await expect(world.talk.views.update(eve, id, { name: 'x' })).rejects.toMatchObject(gone)
        await expect(world.talk.views.remove(eve, id)).rejects.toMatchObject(gone)
      }
      await expect(world.talk.views.remove(ada, own.id)).rejects.toMatchObject(gone)
      await world.talk.views.remove(ada, shared.id)
      expect(await names(bob)).toEqual(['own'])
      await world.talk.views.remove(bob, own.id)
    })

    test('a shared view of a channel is for those who see the channel', async () => {
      await world.talk.channels.create(bob, { name: 'den', visibility: 'private' })
      await expect(make(eve, 'den', { target: '#den' })).rejects.toMatchObject({ kind: 'not_found' })
      world.events()
      const view = await make(bob, 'den', { target: '#den', shared: true })
      const channelId = world.core.directory.channelAt('#den')!.id
      expect(told()).toEqual([`task_view created channel:${channelId}`])
      expect([await names(bob), await names(eve)]).toEqual([['den'], []])
      await expect(world.talk.views.remove(ada, view.id)).rejects.toMatchObject({ code: 'view_unknown' })
    })

    test('nobody keeps more than there is room for', async () => {
      const many = await world.user('many')
      for (let n = 0; n < MAX_VIEWS; n++) await make(many, `view ${n}`)
      await expect(make(many, 'one more')).rejects.toMatchObject({ code: 'too_many_views' })
      expect(await names(many)).toHaveLength(MAX_VIEWS)
    })
  })
