import { GlobalRegistrator } from '@happy-dom/global-registrator'
import { plugin } from 'bun'
import { usedIcons } from './icons'
import { solidPlugin } from './solid'

GlobalRegistrator.register({ url: 'http://nekode.test/', width: 1280, height: 800 })
await plugin(solidPlugin())
await plugin({
  name: 'icons',
  setup(build) {
    build.module('virtual:icons', async () => ({ exports: { default: await usedIcons() }, loader: 'object' }))
  },
})
