import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { accessibility, launch, logIn, overflow, phone, startConsole, visit } from './browser'
import { ADMIN, inPlace } from './harness'

const minutes = (n: number) => n * 60_000
const PASSWORD = 'correct horse battery'
let browser: Browser

beforeAll(async () => {
  browser = await launch()
}, minutes(1))
afterAll(() => browser?.close())

const column = (page: Page, name: string) => page.getByRole('region', { name: new RegExp(`^${name}, `) })
const cardIn = (page: Page, name: string, title: string) => column(page, name).locator('article', { hasText: title })
const row = (page: Page, title: string) => page.getByRole('listitem').filter({ hasText: title })
const choose = (page: Page, name: string) => page.getByRole('option', { name }).click()

test(
  'a task is made by keyboard, dragged, moved by keys, and told why it may not go somewhere',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { call } = await server.admin()
      const first = await call('POST /api/tasks', { body: { target: '#general', summary: 'Lay the ground' } })
      const { page, complaints } = await visit(browser, server.url)
      const { keyboard } = page
      await logIn(page, ADMIN.username, ADMIN.password)

      // From anywhere, here from the board itself.
      await keyboard.press('Escape')
      await page.getByRole('link', { name: 'Tasks' }).click()
      await cardIn(page, 'To do', 'Lay the ground').waitFor()
      await keyboard.press('c')
      await page.getByRole('dialog', { name: 'New task' }).getByLabel('Title').waitFor()
      await keyboard.type('Build the house')
      await page.getByRole('button', { name: 'Due: No due time' }).click()
      await page.getByPlaceholder('A date in words').fill('tomorrow at 5pm')
      await page.getByRole('option', { name: /tomorrow at 5pm/ }).click()
      await page.getByRole('button', { name: /Due: Tomorrow/ }).waitFor()
      await page.getByRole('button', { name: 'Create task' }).click()
      const house = cardIn(page, 'To do', 'Build the house')
      await house.getByText(/Tomorrow/).waitFor()

      await cardIn(page, 'To do', 'Lay the ground').dragTo(column(page, 'In progress'))
      await cardIn(page, 'In progress', 'Lay the ground').waitFor()
      await column(page, 'In progress').locator('[data-count]').getByText('1').waitFor()
      expect((await call('GET /api/tasks/{id}', { params: { id: first.id } })).state).toBe('in_progress')

      // What the server alone knows: it goes back, and the reason is said.
      const [waiting] = (await call('GET /api/tasks', { query: { q: 'house' } })).items
      const edge = { from: waiting!.id, to: first.id, kind: 'depends_on' } as const
      await call('PATCH /api/tasks/{id}/graph', { params: { id: waiting!.id }, body: { add: [edge] } })
      await house.dragTo(column(page, 'In progress'))
      await page.getByRole('alert').getByText(`It waits for #${first.number}.`).waitFor()
      await house.waitFor()

      await page.locator(`[data-card="${first.id}"]`).focus()
      await keyboard.press('Shift+ArrowRight')
      await cardIn(page, 'Blocked', 'Lay the ground').waitFor()
      await page.locator(`[data-card="${first.id}"]:focus`).waitFor()
      // From blocked nothing goes to review: nobody has to ask the server for that.
      await keyboard.press('Shift+ArrowRight')
      await page.getByRole('alert').getByText('It can become: To do, In progress, Canceled.').waitFor()
      await keyboard.press('s')
      await page.getByRole('dialog', { name: /State/ }).waitFor()
      await keyboard.type('in pro')
      await keyboard.press('Enter')
      await cardIn(page, 'In progress', 'Lay the ground').waitFor()
      await cardIn(page, 'In progress', 'Lay the ground').dragTo(column(page, 'Done'))
      await cardIn(page, 'Done', 'Lay the ground').waitFor()
      await house.dragTo(column(page, 'In progress'))
      await cardIn(page, 'In progress', 'Build the house').waitFor()
      expect(await accessibility(page)).toEqual([])
      expect(complaints).toEqual([])
    })
  },
  minutes(5),
)

test(
  'two people work on one list: what one filters is kept by a name, what one changes the other sees',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { call } = await server.admin()
      const { id: graceId } = await call('POST /api/users', {
        body: { username: 'grace', displayName: 'Grace', password: PASSWORD },
      })
      for (const summary of ['One', 'Two', 'Three', 'Four'])
        await call('POST /api/tasks', {
          body: { target: '#general', summary, labels: [summary < 'P' ? 'early' : 'late'] },
        })
      const first = await visit(browser, server.url)
      const second = await visit(browser, server.url)
      await logIn(first.page, ADMIN.username, ADMIN.password)
      await logIn(second.page, 'grace', PASSWORD)
      const { page } = first
      await page.goto(`${server.url}/tasks?layout=list&group=none&sort=created`)
      await second.page.goto(`${server.url}/tasks?assignee=me`)
      await second.page.getByText('No task is like that').waitFor()

      // Four, Three and Two: from the first mark to the last.
      await row(page, 'Four').getByRole('link').focus()
      await page.keyboard.press('x')
      await row(page, 'Two')
        .getByRole('checkbox')
        .click({ modifiers: ['Shift'] })
      const toolbar = page.getByRole('toolbar')
      await toolbar.getByText('3 marked').waitFor()
      // Taken back at once: what says so does not stay for long.
      await toolbar.getByRole('button', { name: 'Priority' }).click()
      await choose(page, 'Urgent')
      await page.getByRole('button', { name: 'Undo' }).click()
      await row(page, 'Four').getByRole('button', { name: 'No priority' }).waitFor()

      await toolbar.getByRole('button', { name: 'Assignee' }).click()
      await choose(page, 'Grace')
      await page.getByText('Changed 3 tasks').waitFor()
      for (const title of ['Two', 'Three', 'Four']) await cardIn(second.page, 'To do', title).waitFor()
      await second.page.getByRole('link', { name: /Tasks.*3 tasks assigned to you/ }).waitFor()
      const inbox = await (await server.login('grace', PASSWORD)).call('GET /api/inbox')
      expect(inbox.items.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual(Array(3).fill('task assigned'))

      await toolbar.getByRole('button', { name: 'Priority' }).click()
      await choose(page, 'High')
      await row(page, 'Four').getByRole('button', { name: 'High' }).waitFor()
      await page.keyboard.press('Escape')
      await toolbar.waitFor({ state: 'detached' })

      await page.getByRole('button', { name: 'Priority', exact: true }).first().click()
      await choose(page, 'High')
      await page.getByRole('button', { name: 'Done' }).click()
      await row(page, 'One').waitFor({ state: 'detached' })
      expect(new URL(page.url()).searchParams.get('priority')).toBe('high')
      await page.getByRole('button', { name: 'Views' }).click()
      await page.getByRole('menuitem', { name: 'Save this view' }).click()
      await page.getByLabel('Name').fill('Hot')
      await page.getByText('For everybody').click()
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('button', { name: 'Hot' }).waitFor()
      await second.page.getByRole('button', { name: 'Views' }).click()
      await second.page.getByRole('menuitem', { name: 'Hot' }).click()
      await row(second.page, 'Four').waitFor()
      expect(new URL(second.page.url()).searchParams.get('layout')).toBe('list')
      const [four] = (await call('GET /api/tasks', { query: { q: 'Four' } })).items
      await call('PATCH /api/tasks/{id}', { params: { id: four!.id }, body: { priority: 'low', assigneeId: graceId } })
      await row(second.page, 'Four').waitFor({ state: 'detached' })
      expect([...first.complaints, ...second.complaints]).toEqual([])
    })
  },
  minutes(5),
)

test(
  'one task with all that belongs to it: texts in place, parts and their graph, comments, the gate; and the board on a phone',
  async () => {
    await inPlace(async (place) => {
      const server = await startConsole(place, { flags: ['--no-local-daemon'] })
      const { call } = await server.admin()
      const { rootId } = await call('POST /api/tasks/graph', {
        body: {
          target: '#general',
          root: { summary: 'The whole', description: 'As **planned**.' },
          subtasks: [
            { ref: 'a', summary: 'Part A' },
            { ref: 'b', summary: 'Part B' },
          ],
          edges: [{ from: 'b', to: 'a', kind: 'depends_on' }],
        },
      })
      const { page, complaints } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await page.goto(`${server.url}/tasks`)
      await cardIn(page, 'To do', 'The whole').getByRole('link').click()
      const panel = page.getByRole('complementary', { name: 'Task', exact: true })
      await panel.getByText('planned').waitFor()

      // Somebody else changes the title while it is being changed here.
      const title = panel.getByLabel('Title')
      await title.fill('The whole thing')
      await call('PATCH /api/tasks/{id}', { params: { id: rootId }, body: { summary: 'Everything' } })
      await panel.getByText('Somebody else has changed this').waitFor()
      await panel.getByRole('button', { name: 'Save mine nevertheless' }).click()
      await cardIn(page, 'To do', 'The whole thing').waitFor()

      await panel.getByRole('tab', { name: 'Parts and dependencies' }).click()
      await panel.locator('[data-node]').nth(2).waitFor()
      await panel.getByText('0/2').waitFor()
      await panel.getByRole('button', { name: 'Add a part' }).click()
      await page
        .getByRole('dialog', { name: /New part/ })
        .getByLabel('Title')
        .fill('Part C')
      await page.getByRole('button', { name: 'Create task' }).click()
      await panel.locator('[data-node]').nth(3).waitFor()
      await panel.getByText('0/3').waitFor()

      await panel.getByRole('tab', { name: 'Release' }).click()
      await panel.getByText('The task is not done.').waitFor()
      await panel.getByRole('button', { name: 'Waive the gate' }).click()
      await page.getByLabel('Why it may be released').fill('It is a rehearsal.')
      await page.getByRole('dialog').getByRole('button', { name: 'Waive the gate' }).click()
      await panel.getByText('It is a rehearsal.').waitFor()

      await panel.getByRole('tab', { name: 'Discussion' }).click()
      await panel.getByLabel('Comment').fill('Looks **good**')
      await panel.getByRole('button', { name: 'Comment' }).click()
      await panel.getByRole('log').getByText('good').waitFor()
      await panel.getByRole('tab', { name: 'History' }).click()
      await panel.getByText('The whole thing').last().waitFor()
      expect(await accessibility(page)).toEqual([])

      await page.setViewportSize(phone)
      await page.goto(`${server.url}/tasks`)
      await cardIn(page, 'To do', 'Part C').waitFor()
      expect(await overflow(page)).toBe(0)
      await cardIn(page, 'To do', 'Part C')
        .getByRole('button', { name: /Actions/ })
        .click()
      await page.getByRole('menuitem', { name: 'Move to In progress' }).click()
      await cardIn(page, 'In progress', 'Part C').waitFor()
      await cardIn(page, 'In progress', 'Part C').getByRole('link').click()
      await page.getByRole('button', { name: /State: In progress/ }).waitFor()
      expect(await overflow(page)).toBe(0)
      expect(complaints).toEqual([])
    })
  },
  minutes(5),
)
