// Where the API is: a loopback port, or a Unix socket (a named pipe on Windows).

export type ApiListen = { host: string; port: number } | { socketPath: string }
