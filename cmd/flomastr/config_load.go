package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/joho/godotenv"
)

// sources are the environment and the .env file, merged: the environment wins. It hands flags that were not given their
// values, as a kong resolver, and secrets theirs, which have no flag.
type sources struct {
	values map[string]string
	file   string // the .env that was read, empty for none
}

// readSources reads .env in the current folder, else beside the Makefile above the program, and lays the environment
// over it. An empty value counts as none, so that a line left empty in .env does no harm.
func readSources(s surroundings) (sources, error) {
	out := sources{values: map[string]string{}}
	for _, dir := range []string{s.workDir, makefileDir(s.program)} {
		name := filepath.Join(dir, ".env")
		if dir == "" {
			continue
		}
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return out, fmt.Errorf("read %s: %w", name, err)
		}
		// The parser's complaint quotes the line, which may hold a secret.
		values, err := godotenv.UnmarshalBytes(content)
		if err != nil {
			return out, fmt.Errorf("%s cannot be read: every line is NAME=value, a comment or empty", name)
		}
		out.values, out.file = values, name
		break
	}
	for _, kv := range s.environ {
		if name, value, ok := strings.Cut(kv, "="); ok && value != "" {
			out.values[name] = value
		}
	}
	return out, nil
}

// makefileDir is the nearest folder above a program that has a Makefile, empty when none has.
func makefileDir(program string) string {
	for dir := filepath.Dir(program); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "Makefile")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// Validate is part of kong's Resolver.
func (sources) Validate(*kong.Application) error { return nil }

// Resolve gives a flag that was not on the command line its value.
func (s sources) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if flag.Tag == nil || !flag.Tag.Has("setting") {
		return nil, nil //nolint:nilnil // kong's way of saying "not from here"
	}
	for _, name := range []string{flag.Tag.Get("setting"), flag.Tag.Get("also")} {
		if v := s.values[name]; v != "" {
			return v, nil
		}
	}
	return nil, nil //nolint:nilnil // the same
}

// fillSecrets gives the secrets their values: NAME itself, or what stands in the file that NAME_FILE names.
func (s sources) fillSecrets(c *Config) error {
	v := reflect.ValueOf(c).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		row := settingOf(f)
		if !row.Secret {
			continue
		}
		value := s.values[row.Name]
		if name := s.values[row.Name+"_FILE"]; name != "" {
			if value != "" {
				return fmt.Errorf("%s and %s_FILE are both set: leave one out", row.Name, row.Name)
			}
			content, err := os.ReadFile(name)
			if err != nil {
				return fmt.Errorf("read the file that %s_FILE names: %w", row.Name, err)
			}
			value = strings.TrimSpace(string(content))
		}
		v.FieldByIndex(f.Index).SetString(value)
	}
	return nil
}

// unknown gives the names that look like ours and are none: most likely misspelt.
func (s sources) unknown() []string {
	known := map[string]bool{
		"FLOMASTR_DEV_SERVER": true, // the web app's dev server reads it
	}
	for _, row := range table() {
		known[row.Name] = true
		if row.Secret {
			known[row.Name+"_FILE"] = true
		}
	}
	var out []string
	for name := range s.values {
		if strings.HasPrefix(name, "FLOMASTR_") && !known[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
