// Package secret seals what must not be read from a database dump: tenants' credentials at their providers, the
// built-in issuer's signing keys. A sealed value is bound to its place (tenant, table, column), so that a ciphertext
// copied into another tenant's row does not open.
//
//	keys, err := secret.OpenFile(filepath.Join(dataDir, "master.key"))
//	sealed, err := keys.Seal(tenant.String(), "channels", "credentials/"+channel.String(), plaintext)
//	plain, err := keys.Open(tenant.String(), "channels", "credentials/"+channel.String(), sealed)
//
// The master key is 32 random bytes in base64. It is a setting of the operator, or a file that only the server's user
// may read in the data directory; it is never in the database. Several keys may be given: the first seals, all open,
// which is how a key is replaced while servers run.
package secret
