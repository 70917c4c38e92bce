// Package secret seals what must not be read from a database dump: tenants' credentials at their providers, the
// built-in issuer's signing keys. A sealed value is bound to its place (tenant, table, column and row), so that a
// ciphertext copied into another row does not open.
//
//	keys, err := secret.OpenFile(filepath.Join(dataDir, "master.key"))
//	vault := secret.NewVault(keys, postgres.NewKeyStore(db))
//	sealed, err := vault.Seal(tenant.String(), "channels", "sealed_credentials/"+channel.String(), plaintext)
//	plain, err := vault.Open(tenant.String(), "channels", "sealed_credentials/"+channel.String(), sealed)
//
// A [Vault] seals with a data key of each tenant's own, which lies in the database wrapped by the master key. So the
// master key can be replaced without touching a single secret, a tenant's key can be replaced while servers run, and to
// delete a tenant's keys is to destroy its secrets, in every backup made afterwards.
//
// The master key, a [Keyring], is 32 random bytes in base64. It is a setting of the operator, or a file that only the
// server's user may read in the data directory; it is never in the database. Several may be given: the first wraps, all
// open. To replace it: add the new one behind the old on every server, then put it first on every server, run
// `flomastr secrets rotate`, and take the old one away.
package secret
