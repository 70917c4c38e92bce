// Package embedded is the database of the embedded default: a private PostgreSQL cluster that the server starts,
// watches and stops with itself when no DATABASE_URL is set.
//
// It says where everything lies ([DataDir], [ClusterDir]), how the cluster is set up for us, and starts a new postmaster
// when the old one dies. How a cluster is made, adopted and mended is told in package internal/pgcluster.
package embedded
