import { GlobalRegistrator } from '@happy-dom/global-registrator'
import { plugin } from 'bun'
import { solidPlugin } from './solid'

GlobalRegistrator.register({ url: 'http://nekode.test/', width: 1280, height: 800 })
await plugin(solidPlugin())
