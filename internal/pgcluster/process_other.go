//go:build !unix

package pgcluster

import (
	"context"
	"os"
)

// The types below let the package compile where it cannot work: every road into it ends at findAccount.

type account struct{ home string }

func findAccount(string) (account, error) { return account{}, ErrUnsupported }

func (account) run(context.Context, string, []string, string) (string, error) {
	return "", ErrUnsupported
}
func (account) canEnter(string) error                 { return ErrUnsupported }
func (account) privateDir(string) error               { return ErrUnsupported }
func (account) writeFile(string, string) error        { return ErrUnsupported }
func shortSocketDir(dataDir string, _ account) string { return dataDir }

type child struct{ done chan struct{} }

func (*Cluster) spawn(string, []string, string) (*child, error) { return nil, ErrUnsupported }
func (*child) pid() int                                         { return 0 }
func (*child) kill()                                            {}
func (*child) running(int) bool                                 { return false }
func signalStop(int, Mode) error                                { return ErrUnsupported }
func alive(int) bool                                            { return false }

func lock(context.Context, string) (func(), error) { return nil, ErrUnsupported }
func shareLock(string) (*os.File, error)           { return nil, ErrUnsupported }
func inUse(string) bool                            { return false }
