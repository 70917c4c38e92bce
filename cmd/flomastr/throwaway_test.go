package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"

	"github.com/flomastr/flomastr/postgres/embedded"
)

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// removeInstallation removes a data directory that was made for a test, with the cluster that root keeps elsewhere.
func removeInstallation(dir string) error {
	err := os.RemoveAll(dir)
	if cluster, _ := embedded.ClusterDir(dir, os.Geteuid() == 0); os.Geteuid() == 0 {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(cluster)))
	}
	return err
}
