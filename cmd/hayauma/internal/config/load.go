package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

const (
	envPrefix  = "HAYAUMA_"
	envConfig  = "HAYAUMA_CONFIG"
	envRoles   = "NODE_TYPE"
	flagConfig = "config"
)

// otherVariables begin with our prefix and are no settings of the daemon.
var otherVariables = []string{envConfig, "HAYAUMA_SERVER", "HAYAUMA_ADMIN", "HAYAUMA_CRASH", "HAYAUMA_DRILL"}

// Sources are where settings come from. The zero value reads nothing.
type Sources struct {
	File    string         // path of a YAML file; empty: HAYAUMA_CONFIG's, if any
	Environ []string       // NAME=value
	Flags   *pflag.FlagSet // only flags that were set count
}

// UnknownKey is the error for a name that no setting has.
type UnknownKey struct {
	Where   string // the file's path, or "environment"
	Key     string
	Nearest string
}

// Error names the key, the place and what was probably meant.
func (e UnknownKey) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("%s: unknown key %q; known keys are %s", e.Where, e.Key, strings.Join(Names(), ", "))
	}
	return fmt.Sprintf("%s: unknown key %q; did you mean %q?", e.Where, e.Key, e.Nearest)
}

// Load reads all sources and validates the result.
func Load(src Sources) (Config, error) {
	layers, err := read(src)
	if err != nil {
		return Config{}, err
	}
	c := Default()
	var errs []error
	for _, s := range settings {
		if err := layers.apply(&c, s); err != nil {
			errs = append(errs, err)
		}
	}
	if c.Data == "" && c.Store == StoreJetStream && !layers.has("data") {
		c.Data = DefaultData
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

// layer is one source, with its name for errors.
type layer struct {
	where string
	k     *koanf.Koanf
}

type layers []layer // in rising order

func read(src Sources) (layers, error) {
	var all layers
	if path := cmp.Or(src.File, lookup(src.Environ, envConfig)); path != "" {
		l, err := readFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	fromEnv, err := readEnviron(src.Environ)
	if err != nil {
		return nil, err
	}
	all = append(all, fromEnv)
	if src.Flags != nil {
		fromFlags, err := readFlags(src.Flags)
		if err != nil {
			return nil, err
		}
		all = append(all, fromFlags)
	}
	return all, nil
}

func readFile(path string) (layer, error) {
	l := layer{where: path, k: koanf.New(".")}
	switch err := l.k.Load(file.Provider(path), settingsParser{}); {
	case errors.Is(err, os.ErrNotExist):
		return l, fmt.Errorf("configuration file %s does not exist", path)
	case err != nil:
		return l, fmt.Errorf("configuration file %s: %w", path, err)
	}
	for _, key := range l.k.Keys() {
		if _, ok := find(key); !ok {
			return l, UnknownKey{Where: path, Key: key, Nearest: nearest(key, Names())}
		}
	}
	return l, nil
}

// settingsParser reads YAML, and says in plain words what is no list of settings.
type settingsParser struct{ *yaml.YAML }

// Unmarshal implements koanf.Parser.
func (p settingsParser) Unmarshal(b []byte) (map[string]any, error) {
	settings, err := yaml.Parser().Unmarshal(b)
	if err == nil {
		return settings, nil
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.Contains(text, "cannot unmarshal") { // into Go's types, which are nobody's business
		return nil, errors.New("it holds something else than settings: write one `name: value` a line, such as `listen: 127.0.0.1:8484`")
	}
	return nil, fmt.Errorf("not valid YAML: %s", text)
}

func readEnviron(environ []string) (layer, error) {
	l := layer{where: "environment", k: koanf.New(".")}
	var unknown error
	provider := env.Provider("", env.Opt{
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			if value == "" {
				return "", nil // an empty variable is an unset one
			}
			key, err := settingOf(name)
			unknown = errors.Join(unknown, err)
			return key, value
		},
	})
	if err := l.k.Load(provider, nil); err != nil {
		return l, err
	}
	if unknown != nil {
		return l, unknown
	}
	return l, agreeOnRoles(environ)
}

// settingOf is the setting that a variable sets; empty for a variable that is not ours.
func settingOf(variable string) (string, error) {
	if variable == envRoles {
		return "node-type", nil
	}
	if !strings.HasPrefix(variable, envPrefix) || slices.Contains(otherVariables, variable) {
		return "", nil
	}
	known := make([]string, len(settings))
	for i, s := range settings {
		known[i] = envName(s.name)
		if known[i] == variable {
			return s.name, nil
		}
	}
	return "", UnknownKey{Where: "environment", Key: variable, Nearest: nearest(variable, append(known, otherVariables...))}
}

func agreeOnRoles(environ []string) error {
	a, b := lookup(environ, envRoles), lookup(environ, envName("node-type"))
	if a != "" && b != "" && a != b {
		return fmt.Errorf("environment: %s is %q and %s is %q: set one of them", envRoles, a, envName("node-type"), b)
	}
	return nil
}

func lookup(environ []string, name string) string {
	for _, e := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}

func readFlags(flags *pflag.FlagSet) (layer, error) {
	l := layer{where: "command line", k: koanf.New(".")}
	set := pflag.NewFlagSet("set", pflag.ContinueOnError)
	flags.VisitAll(func(f *pflag.Flag) {
		if _, ok := find(f.Name); ok && f.Changed {
			set.AddFlag(f)
		}
	})
	return l, l.k.Load(posflag.Provider(set, "\x00", l.k), nil)
}

// apply sets one setting from the highest layer that has it.
func (ls layers) apply(c *Config, s setting) error {
	for _, l := range slices.Backward(ls) {
		if !l.k.Exists(s.name) {
			continue
		}
		value := l.k.Get(s.name)
		switch value.(type) {
		case string, bool, int, int64, float64:
		default:
			return fmt.Errorf("%s: %s must be one plain value", l.where, s.name)
		}
		if err := s.set(c, fmt.Sprint(value)); err != nil {
			return fmt.Errorf("%s: %s %w", l.where, s.name, err)
		}
		return nil
	}
	return nil
}

func (ls layers) has(name string) bool {
	return slices.ContainsFunc(ls, func(l layer) bool { return l.k.Exists(name) })
}
