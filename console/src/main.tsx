import 'virtual:uno.css'
import './design/tokens.css'
import { render } from 'solid-js/web'

const root = document.getElementById('root')
if (root) render(() => <h1 class="p-6 text-ink">Nekode</h1>, root)
