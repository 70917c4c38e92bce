package main

import (
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// The states of a setting, as /routes/preflight shows them.
const (
	SettingOK      = "OK"
	SettingMissing = "MISSING"
	SettingInvalid = "INVALID"
)

// Setting is one row of the table of settings. It never carries a value.
type Setting struct {
	Name     string // in the environment and in .env
	Also     string // an older name that is read too
	Flag     string // without dashes; empty for a secret
	Group    string
	Help     string
	Default  string
	Secret   bool
	Unused   bool // the name is fixed, and this version does nothing with it
	Given    bool // it has a value, its default counted
	Required bool // here, by the other settings
	Status   string
	Problem  string // what is wrong with it, without its value
}

// Settings gives the whole table with the state of each row.
func (c Config) Settings() []Setting {
	problems := map[string]string{}
	for _, p := range c.problems() {
		problems[p.setting] = p.sentence
	}
	required := c.required()
	var rows []Setting
	v := reflect.ValueOf(c)
	for _, f := range reflect.VisibleFields(v.Type()) {
		row := settingOf(f)
		row.Given = !v.FieldByIndex(f.Index).IsZero()
		row.Required = required[row.Name]
		row.Problem = problems[row.Name]
		switch {
		case row.Problem != "":
			row.Status = SettingInvalid
		case row.Required && !row.Given:
			row.Status = SettingMissing
		default:
			row.Status = SettingOK
		}
		rows = append(rows, row)
	}
	return rows
}

// table is the rows of the table without a configuration.
func table() []Setting {
	var rows []Setting
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		rows = append(rows, settingOf(f))
	}
	return rows
}

func settingOf(f reflect.StructField) Setting {
	s := Setting{
		Name:    f.Tag.Get("setting"),
		Also:    f.Tag.Get("also"),
		Group:   f.Tag.Get("group"),
		Help:    f.Tag.Get("help"),
		Default: f.Tag.Get("default"),
		Secret:  f.Type == reflect.TypeFor[Secret](),
		Unused:  f.Tag.Get("unused") != "",
	}
	if !s.Secret {
		s.Flag = flagName(s.Name)
	}
	return s
}

// flagName makes FLOMASTR_LOG_LEVEL into log-level and INFOBIP_BASE_URL into infobip-base-url.
func flagName(setting string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(setting, "FLOMASTR_"), "_", "-"))
}

// helpWithName ends the help of a flag with the name of its setting.
func helpWithName(v *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(v)
	if v.Tag == nil || !v.Tag.Has("setting") {
		return help
	}
	name := v.Tag.Get("setting")
	if v.Tag.Has("unused") {
		name += "; not used by this version yet"
	}
	return strings.TrimSuffix(help, ".") + " (" + name + ")."
}
