/** Native gRPC, not gRPC-Web. */
export const isGrpc = (contentType: string | null): boolean =>
  contentType !== null && /^application\/grpc(\+|;|$)/i.test(contentType)

/** The main listener cannot send trailers. */
export const refuseGrpc = (): Response =>
  Response.json(
    {
      error: 'Native gRPC is not served on this port.',
      code: 'unsupported_media',
      next: 'Use Connect or gRPC-Web here, or start the server with NEKODE_GRPC_ADDR and use that address.',
    },
    { status: 415 },
  )
