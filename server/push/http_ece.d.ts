declare module 'http_ece' {
  import type { ECDH } from 'node:crypto'

  interface Parameters {
    version: 'aes128gcm'
    privateKey: ECDH
    authSecret: string
    /** Of whoever receives; only to encrypt. */
    dh?: string
    salt?: string
  }
  const ece: {
    encrypt(plain: Buffer, parameters: Parameters): Buffer
    decrypt(sealed: Buffer, parameters: Parameters): Buffer
  }
  export default ece
}
