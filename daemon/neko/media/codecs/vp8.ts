import load from 'ogv/dist/ogv-decoder-video-vp8-wasm.js'
import wasm from 'ogv/dist/ogv-decoder-video-vp8-wasm.wasm'
import { createOgv } from './ogv'

export const createVp8 = () => createOgv('VP8', load, wasm)
