import { claude, codex, installClis } from '../agents/clis'
import { contract } from '../agents/contract'

installClis()

contract('codex', codex)
contract('claude', claude)
