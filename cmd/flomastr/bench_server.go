package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/flomastr/flomastr/internal/bench"
	"github.com/flomastr/flomastr/postgres/embedded"
)

// serverRows are about the program itself: how soon it serves, what it weighs at rest, how large it is.
func serverRows(program string) []bench.Row {
	return []bench.Row{
		{
			Name: "server.start", Unit: "s", Against: "1 s from start to ready, on a migrated database that runs", Reach: 1, Less: true,
			Measure: func(ctx context.Context) (bench.Sample, error) {
				started, _, err := startOnce(ctx, program, 0)
				return bench.Sample{Value: started.Seconds(), Limit: 1}, err
			},
		},
		{
			Name: "server.idle_memory", Unit: "MB", Against: "100 MB resident, 60 s after the start", Reach: 1, Less: true, Rounds: 1,
			Measure: func(ctx context.Context) (bench.Sample, error) {
				_, resident, err := startOnce(ctx, program, time.Minute)
				return bench.Sample{Value: float64(resident) / 1e6, Limit: 100}, err
			},
		},
		{
			Name: "server.binary", Unit: "MB", Against: "110 MB, stripped", Reach: 1, Less: true, Rounds: 1,
			Measure: func(context.Context) (bench.Sample, error) {
				info, err := os.Stat(program)
				if err != nil {
					return bench.Sample{}, err
				}
				return bench.Sample{Value: float64(info.Size()) / 1e6, Limit: 110}, nil
			},
		},
	}
}

// startOnce runs a server on a data directory of its own, whose database is migrated and kept running by us, so that
// neither is part of the time. It gives the time until ready, and the resident memory after a rest.
func startOnce(ctx context.Context, program string, rest time.Duration) (ready time.Duration, resident int64, err error) {
	dir, err := os.MkdirTemp("", "flomastr-bench-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, removeInstallation(dir)) }()
	base, err := layFoundation(ctx, Config{DataDir: dir, DatabaseMaxConns: 24}, newLogger(&bytes.Buffer{}, "error", "json"))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	address, err := freeAddress()
	if err != nil {
		return 0, 0, err
	}
	// The first start migrates and seeds; the second is the one that counts.
	for range 2 {
		if ready, resident, err = serveOnce(ctx, program, dir, address, rest); err != nil {
			return 0, 0, err
		}
	}
	return ready, resident, nil
}

func serveOnce(ctx context.Context, program, dir, address string, rest time.Duration) (time.Duration, int64, error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "serve")
	cmd.Env = append(os.Environ(), "FLOMASTR_DATA_DIR="+dir, "FLOMASTR_LISTEN="+address, "FLOMASTR_LOG_LEVEL=error", "DATABASE_URL=", "FLOMASTR_INFOBIP_URL=http://127.0.0.1:9")
	cmd.Dir = dir // no .env of ours
	cmd.Stderr = &said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	var last error
	for time.Since(began) < 2*time.Minute {
		if last = askReady(ctx, "http://"+address); last == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	took := time.Since(began)
	if last == nil {
		select {
		case <-time.After(rest):
		case <-ctx.Done():
			last = ctx.Err()
		}
	}
	resident := residentBytes(cmd.Process.Pid)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil || last != nil {
		return 0, 0, fmt.Errorf("the server did not run as it should: %w: %s", errors.Join(err, last), strings.TrimSpace(said.String()))
	}
	return took, resident, nil
}

// residentBytes reads a process's resident set where the system shows it in /proc, else 0.
func residentBytes(pid int) int64 {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(content))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// removeInstallation removes a data directory that was made for a measurement, with the cluster that root keeps
// elsewhere.
func removeInstallation(dir string) error {
	err := os.RemoveAll(dir)
	if cluster, _ := embedded.ClusterDir(dir, os.Geteuid() == 0); os.Geteuid() == 0 {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(cluster)))
	}
	return err
}
