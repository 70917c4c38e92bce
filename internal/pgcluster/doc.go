// Package pgcluster runs one private PostgreSQL cluster: it finds the server's programs, makes the data directory,
// starts the postmaster, adopts one that is already running there, mends what a crash left behind, and stops it.
//
// A caller names a data directory and asks for it to run:
//
//	c := &pgcluster.Cluster{DataDir: "/srv/app/pg", Fsync: true}
//	if err := c.Ensure(ctx); err != nil { … }
//	defer c.Release(context.Background())
//	name, password := c.Superuser()
//	pool, err := pgxpool.New(ctx, c.DSN("postgres", name, password))
//
// The cluster listens on a unix socket in a private folder and, unless told otherwise, on no network address.
// PostgreSQL refuses to run as root, so under root the programs run as an unprivileged user. Several processes may
// Ensure the same data directory at once: one starts it, the others adopt it, and the last to Release it stops it.
//
// The files beside the data directory belong to it: DataDir.lock (held while somebody starts or stops it),
// DataDir.users (held, shared, by everybody who uses it), DataDir.password (the superuser's), DataDir.log (the
// postmaster's own words) and, only while it is being made, DataDir.init.
package pgcluster
