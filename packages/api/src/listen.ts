// Where the API is: a loopback port, or a Unix socket (a named pipe on Windows).

export type ApiListen = { host: string; port: number } | { socketPath: string }

/** Where a client finds it: besides, an http or https address, perhaps with a path that a proxy puts before ours. */
export type ApiAddress = ApiListen | { url: string }
