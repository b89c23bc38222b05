import { z } from 'zod'
import { nothing, operations } from '../../local/operation'

/** A provider of models (`anthropic`) or any other name; `ANTHROPIC_API_KEY` is the same secret as `anthropic`. */
const Name = z.string().min(1).max(128)
/** Only for this agent, by id or name; without it for the whole computer. */
const Scope = z.string().min(1).max(128).optional()
/** The service holds each value to its bounds and says which one is wrong. */
const Value = z.string().max(1024 * 1024)
const Time = z.number()

const Source = z.enum(['Env', 'Keychain', 'Vault', 'NotFound'])

const Listed = z.object({
  provider: z.string(),
  source: Source,
  /** The environment variable that programs get it in. */
  env_var: z.string(),
  /** Absent: for the whole computer. */
  agent_id: z.string().optional(),
  /** Where the daemon knows it. */
  agent_name: z.string().optional(),
  /** Unix milliseconds. */
  created_at: Time.optional(),
  changed_at: Time.optional(),
  last_used_at: Time.optional(),
})

export const SECRETS = operations({
  GetSecret: {
    about: 'The value of a secret; null when there is none',
    input: z.object({ provider: Name, agent_id: Scope }),
    answers: { Secret: z.object({ value: z.string().nullable() }) },
    needsToken: true,
  },
  HasSecret: {
    about: 'Whether there is a secret',
    input: z.object({ provider: Name, agent_id: Scope }),
    answers: { SecretExists: z.object({ exists: z.boolean() }) },
  },
  ListSecrets: {
    about: 'The secrets of this computer, without their values',
    input: nothing,
    answers: {
      SecretList: z.object({
        providers: z.array(Listed),
        /** Where a new one would be kept. */
        place: z.enum(['Keychain', 'Vault']).optional(),
        /** Why some of them cannot be listed. */
        problem: z.string().optional(),
      }),
    },
  },
  SetSecret: {
    about: 'Keeps a secret, in place of the one that there may be',
    input: z.object({ provider: Name, key: Value, agent_id: Scope }),
    answers: {
      SecretStored: z.object({
        provider: z.string(),
        source: Source,
        replaced: z.boolean(),
        created_at: Time,
        changed_at: Time,
        /** False for a value so short that it is not taken out of what agents say. */
        hidden: z.boolean(),
      }),
    },
    needsToken: true,
  },
  DeleteSecret: {
    about: 'Removes a secret',
    input: z.object({ provider: Name, agent_id: Scope }),
    answers: { SecretDeleted: z.object({ existed: z.boolean() }) },
    needsToken: true,
  },
  ImportSecrets: {
    about: 'Keeps several secrets; those that there are already only with overwrite',
    input: z.object({
      entries: z.array(z.object({ name: Name, value: Value })).max(1000),
      overwrite: z.boolean().default(false),
      agent_id: Scope,
    }),
    answers: {
      SecretsImported: z.object({
        taken: z.array(z.string()),
        replaced: z.array(z.string()),
        skipped: z.array(z.string()),
      }),
    },
    needsToken: true,
  },
  GetSecretEnvironment: {
    about: 'Secrets as variables for a program: those that are named, or all of the computer',
    input: z.object({ names: z.array(Name).max(1000).optional(), agent_id: Scope }),
    answers: {
      SecretEnvironment: z.object({ variables: z.record(z.string(), z.string()), missing: z.array(z.string()) }),
    },
    needsToken: true,
  },
  RotateVaultKey: {
    about: 'Encrypts the vault with a new key',
    input: z.object({ passphrase: z.string().min(8).max(1024).optional() }),
    answers: { VaultKeyRotated: z.object({ protection: z.enum(['key-file', 'argon2id']) }) },
    needsToken: true,
  },
  ListProviderStatus: {
    about: 'The providers of models, and whether there is a key of theirs',
    input: nothing,
    answers: {
      ProviderStatusList: z.object({
        providers: z.array(
          z.object({
            id: z.string(),
            name: z.string(),
            has_key: z.boolean(),
            source: Source,
            category: z.string(),
            env_var: z.string(),
          }),
        ),
        /** Why there may be more keys than are told. */
        problem: z.string().optional(),
      }),
    },
  },
})
