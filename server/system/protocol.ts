/** The daemon protocol, as deployed daemons know it. */
export const PROTOCOL = {
  name: 'nekode-daemon-v1',
  protoPath: 'proto/nekode/daemon/v1',
  documentation: 'docs/daemon-protocol.md',
  compatibility: { protocolVersion: 1, minProtocolVersion: 1, maxProtocolVersion: 1 },
}
