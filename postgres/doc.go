// Package postgres keeps everything we keep, and is the only package that speaks SQL to our own databases.
//
// There is one hot database (tenants, conversations, queues: what the pages need now) and one cold database for each
// tenant (its knowledge, its archive, its memory). [DB] is the way in, by three doors:
//
//   - [DB.InTenant] runs a function in a transaction that sees one tenant's rows of the hot database. Row-level
//     security holds it there even if a query forgets its filter.
//   - [DB.InCold] does the same in the tenant's own cold database, under a login that can open no other.
//   - [DB.InPlatform] is the loud, rarely used sibling for provisioning, sign-in, channel look-up and claiming; its
//     login sees only the tables that say so by name.
//
// Each engine's persistence is a type of its own ([WhatsAppStore], [KnowledgeStore], …) in a file named for the engine.
// Its exported methods are business facts and are atomic; what they share takes the transaction as an argument.
package postgres
