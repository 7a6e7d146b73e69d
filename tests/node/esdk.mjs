// Seals and opens AWS Encryption SDK messages with AWS's own SDK for JavaScript: the other side of the interop tests, as
// tests/python/esdk.py is with the SDK for Python. KMS calls go where the AWS environment variables say; the packages of
// package.json are where NODE_PATH says.
//
//     esdk.mjs open  KEYRING IN OUT
//     esdk.mjs seal  KEYRING IN OUT [--suite SUITE] [--frame-length N] [--context KEY=VALUE]...
//     esdk.mjs batch TASKS.json
//
// KEYRING: kms:ARN, rsa:NAMESPACE:NAME:PEM-FILE, aes:NAMESPACE:NAME:FILE-OF-32-BYTES; several with `|` between them seal
// for each. SUITE: 0478, 0578, or one without key commitment, which makes message version 1. This SDK writes frames only.
//
// TASKS.json: an array of {"direction", "keyring", "input", "output"} and for seal {"suite", "frame_length", "context"}.

import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'

// `import` does not look where NODE_PATH says; `require` does.
const {
  AlgorithmSuiteIdentifier,
  CommitmentPolicy,
  KmsKeyringNode,
  MultiKeyringNode,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
  RawRsaKeyringNode,
  buildClient,
} = createRequire(import.meta.url)('@aws-crypto/client-node')

const COMMITTING = {
  '0478': AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
  '0578': AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
}
const NOT_COMMITTING = {
  '0178': AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA256,
  '0378': AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
}

const client = (commitmentPolicy) => buildClient({ commitmentPolicy, maxEncryptedDataKeys: 16 })
const committing = client(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
const notCommitting = client(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)

function keyring(text, seals) {
  const several = text.split('|')
  if (several.length > 1) {
    const [generator, ...children] = several.map((one) => keyring(one, seals))
    return new MultiKeyringNode({ generator, children })
  }
  const [kind, ...rest] = text.split(':')
  if (kind === 'kms') {
    const arn = rest.join(':')
    return new KmsKeyringNode(seals ? { generatorKeyId: arn } : { keyIds: [arn] })
  }
  const [keyNamespace, keyName, ...path] = rest
  const key = readFileSync(path.join(':'))
  if (kind === 'rsa') {
    const rsaKey = seals ? { publicKey: key } : { privateKey: key }
    return new RawRsaKeyringNode({ keyNamespace, keyName, rsaKey, oaepHash: 'sha256' })
  }
  if (kind === 'aes') {
    return new RawAesKeyringNode({
      keyNamespace,
      keyName,
      // The SDK wants a buffer that shares its memory with no other.
      unencryptedMasterKey: new Uint8Array(key),
      wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
      // By default this SDK sorts the context by the locale here, which neither the format nor any other SDK knows.
      utf8Sorting: true,
    })
  }
  throw new Error(`unknown keyring ${kind}`)
}

async function run(task) {
  const seals = task.direction === 'seal'
  const keys = keyring(task.keyring, seals)
  let stream
  if (seals) {
    const { encryptStream } = task.suite in NOT_COMMITTING ? notCommitting : committing
    stream = encryptStream(keys, {
      suiteId: COMMITTING[task.suite] ?? NOT_COMMITTING[task.suite],
      frameLength: task.frame_length,
      encryptionContext: task.context,
    })
  } else {
    stream = committing.decryptStream(keys)
  }
  await pipeline(createReadStream(task.input), stream, createWriteStream(task.output))
}

async function batch(path) {
  for (const task of JSON.parse(readFileSync(path, 'utf8'))) {
    try {
      await run(task)
    } catch (error) {
      throw new Error(`${JSON.stringify(task)}: ${words(error)}`)
    }
  }
}

// What KMS said is in what the SDK wraps.
function words(error) {
  return [`${error}`, ...(error.errors ?? []).map(words)].join('\n  ')
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      suite: { type: 'string', default: '0478' },
      'frame-length': { type: 'string', default: '4096' },
      context: { type: 'string', multiple: true, default: [] },
    },
  })
  const [direction, ...rest] = positionals
  if (direction === 'batch' && rest.length === 1) return batch(rest[0])
  const { suite } = values
  if (!['open', 'seal'].includes(direction) || rest.length !== 3 || !(suite in COMMITTING || suite in NOT_COMMITTING)) {
    throw new Error('usage: see the head of esdk.mjs')
  }
  const [keyring, input, output] = rest
  const context = Object.fromEntries(values.context.map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]))
  return run({ direction, keyring, input, output, suite, frame_length: Number(values['frame-length']), context })
}

main().catch((error) => {
  console.error(`esdk.mjs: ${words(error)}`)
  process.exitCode = 1
})
