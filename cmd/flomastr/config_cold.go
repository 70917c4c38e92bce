package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// hotServer is what people call the server of the hot database.
const hotServer = "hot"

var serverName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// coldServers gives the addresses of the further servers by name. What it complains of never quotes an address.
func (c Config) coldServers() (map[string]string, error) {
	servers := map[string]string{}
	for entry := range strings.FieldsSeq(c.ColdServers.Reveal()) {
		name, address, found := strings.Cut(entry, "=")
		switch {
		case !found || !serverName.MatchString(name):
			return nil, errors.New("must be NAME=postgres://USER:PASSWORD@HOST:5432/DATABASE, several separated by spaces, each name of lower-case letters, digits and hyphens")
		case name == hotServer:
			return nil, errors.New("names a server hot, which is what the hot database's own is called")
		case servers[name] != "":
			return nil, fmt.Errorf("names %s twice", name)
		}
		if _, err := pgx.ParseConfig(address); err != nil || !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
			return nil, fmt.Errorf("the address of %s is not of the form postgres://USER:PASSWORD@HOST:5432/DATABASE", name)
		}
		servers[name] = address
	}
	return servers, nil
}

// checkColdServers looks at each of the further servers.
func checkColdServers(ctx context.Context, cfg Config) []finding {
	servers, err := cfg.coldServers()
	if err != nil {
		return nil // told with the settings
	}
	var out []finding
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		f := diagnose(ctx, servers[name]).finding()
		f.Name, f.Mend = "cold server "+name, strings.ReplaceAll(f.Mend, "DATABASE_URL", "FLOMASTR_COLD_SERVERS")
		f.Detail = strings.ReplaceAll(f.Detail, "DATABASE_URL", "FLOMASTR_COLD_SERVERS")
		out = append(out, f)
	}
	return out
}
