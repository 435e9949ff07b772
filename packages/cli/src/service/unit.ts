// The systemd unit that runs a peer. What it may do is cut down to what a peer needs: its home, the network, nothing else.

export interface UnitInit {
  /** The Node and the script that run now; absolute. */
  readonly command: readonly string[]
  readonly home: string
  /** Who runs it; undefined in a user's own systemd, where nobody else can. */
  readonly user?: string
  /** Go behind `mesh start`. */
  readonly flags: readonly string[]
}

export function unitText({ command, home, user, flags }: UnitInit): string {
  const start = [...command, 'start', '--home', home, ...flags]
    .map((word) => quoted(word.replace(/\$/g, '$$$$')))
    .join(' ')
  return `# Made by \`mesh service install\`, which replaces it.
[Unit]
Description=pinmesh peer on ${specifiers(home)}
Wants=network-online.target
After=network-online.target
# Five failures in five minutes: something is wrong that another start does not mend.
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
ExecStart=${start}
${user === undefined ? '' : `User=${user}\n`}Restart=on-failure
RestartSec=5
# Exit code 1 is a wrong setting: it stays wrong.
RestartPreventExitStatus=1
# A peer ends what is under way; systemd waits that long for it.
TimeoutStopSec=60
LimitNOFILE=65536
UMask=0077

${hardening(home, user !== undefined)}
[Install]
WantedBy=${user === undefined ? 'default.target' : 'multi-user.target'}
`
}

/** Without MemoryDenyWriteExecute: V8 compiles at run time. A user's systemd may not make namespaces on every machine. */
function hardening(home: string, asSystem: boolean): string {
  const everywhere = `NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
`
  if (!asSystem) return everywhere
  return `${everywhere}CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=${quoted(home)}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
`
}

/** One word of a list, as systemd reads it; in a command line it also takes $ for a variable. */
export function quoted(word: string): string {
  const escaped = specifiers(word).replace(/\\/g, '\\\\').replace(/"/g, '\\"')
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`
}

function specifiers(text: string): string {
  return text.replace(/%/g, '%%')
}
