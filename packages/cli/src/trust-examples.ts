// The examples that the help of the commands about trust ends with.

export const peersExamples = '\nExamples:\n  mesh peers\n  mesh peers vouch 12D3KooW…\n  mesh peers rm 12D3KooW…'
export const writersExamples =
  '\nExamples:\n  mesh writers ls\n  mesh writers add 12D3KooW…\n  mesh writers rm 12D3KooW…'
export const policyExamples =
  '\nExamples:\n  mesh policy show\n  mesh policy set --replicas 4 --trusted-min 2\n  mesh policy set --admission invite'
