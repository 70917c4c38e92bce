// Command flomastr-chaos breaks the built product on purpose, on one machine, and checks what it promises: nothing that was
// acknowledged is lost, answered twice or sent twice, the order per contact holds, and an unknown outcome is visible.
//
// Two servers stand behind a proxy that skips a dead one, on a private PostgreSQL with fsync on; between them and the
// database, and between them and the provider's stand-in, are proxies that break connections as a scenario asks. Customers
// write meanwhile, with duplicates, out of order, and again until they hear 200. When everything has come to rest, the
// customers' ledger, the provider's ledger and the database are compared.
package main
