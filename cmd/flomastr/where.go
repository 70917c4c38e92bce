package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/flomastr/flomastr/postgres/embedded"
)

// whereCommand tells the scripts around us what the settings come to, so that only one program reads them.
type whereCommand struct {
	Config
}

// Run prints lines of name=value, without a secret among them.
func (c *whereCommand) Run(s *surroundings, src *sources) error {
	cfg, _, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	cluster, _ := embedded.ClusterDir(cfg.DataDir, os.Geteuid() == 0)
	_, err = fmt.Fprintf(s.stdout, "listen=%s\nurl=%s\ndata_dir=%s\ncluster_dir=%s\nembedded=%t\ndemo=%t\ninfobip_standin=%s\nmeta_standin=%s\ntwilio_standin=%s\n",
		cfg.Listen, cfg.localURL(), cfg.DataDir, cluster, cfg.Embedded(), cfg.Demo(), cfg.InfobipStandIn, cfg.MetaStandIn, cfg.TwilioStandIn)
	return err
}

// localURL is how a program on this machine reaches the server.
func (c Config) localURL() string {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && (ip.IsUnspecified() || ip.Equal(net.IPv4(127, 0, 0, 1))) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// readyCommand waits until the server is ready.
type readyCommand struct {
	Config
	Wait time.Duration `name:"wait" help:"How long to wait."`
}

// Run asks /readyz until it answers 200. Exit code 1 says that it has not in the time given.
func (c *readyCommand) Run(ctx context.Context, s *surroundings, src *sources) error {
	cfg, _, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(c.Wait)
	for {
		last := askReady(ctx, cfg.localURL())
		if last == nil {
			return nil
		}
		if time.Now().After(deadline) {
			fmt.Fprintln(s.stderr, "flomastr: the server is not ready:", last)
			return exitError(1)
		}
		select {
		case <-ctx.Done():
			return exitError(1)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func askReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz answers %d", res.StatusCode)
	}
	return nil
}
