// libp2p keeps the transport's contract over TCP and over WebSockets.

import { contract } from '../src/contract.ts'
import { lab } from './lab.ts'

contract('tcp', () => lab('/ip4/127.0.0.1/tcp/0'))
contract('ws', () => lab('/ip4/127.0.0.1/tcp/0/ws'))
