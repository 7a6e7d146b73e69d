// Opens one file with the AWS Encryption SDK for JavaScript; the plaintext goes to standard output.
//   NODE_PATH=... node stream.cjs KEY-FILE SEALED
'use strict'
const fs = require('node:fs')
const { pipeline } = require('node:stream/promises')
const { buildClient, CommitmentPolicy, RawAesKeyringNode, RawAesWrappingSuiteIdentifier } = require('@aws-crypto/client-node')

async function main(keyFile, sealed) {
  const keyring = new RawAesKeyringNode({
    keyNamespace: 'bench',
    keyName: 'key',
    unencryptedMasterKey: new Uint8Array(fs.readFileSync(keyFile)),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  })
  const { decryptUnsignedMessageStream } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
  const source = fs.createReadStream(sealed, { highWaterMark: 1 << 20 })
  await pipeline(source, decryptUnsignedMessageStream(keyring), process.stdout)
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error)
  process.exit(1)
})
