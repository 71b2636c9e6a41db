package config_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"hayauma.example/cmd/hayauma/internal/config"
)

func load(t *testing.T, file string, environ []string, args ...string) (config.Config, error) {
	t.Helper()
	src := config.Sources{Environ: environ, Flags: pflag.NewFlagSet("serve", pflag.ContinueOnError)}
	if file != "" {
		src.File = filepath.Join(t.TempDir(), "hayauma.yaml")
		if err := os.WriteFile(src.File, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config.Flags(src.Flags)
	if err := src.Flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Load(src)
}

func TestSourcesRise(t *testing.T) {
	const file = "listen: 127.0.0.1:1\nlog-level: warn\nmax-in-flight: 7\n"
	environ := []string{"HAYAUMA_LISTEN=127.0.0.1:2", "HAYAUMA_TOKEN=t", "PATH=/bin", "HAYAUMA_SERVER=http://x", "HAYAUMA_LOG_FORMAT="}
	for _, tc := range []struct {
		name   string
		file   string
		env    []string
		args   []string
		listen string
	}{
		{"default", "", nil, nil, config.DefaultListen},
		{"file", file, nil, nil, "127.0.0.1:1"},
		{"environment", file, environ, nil, "127.0.0.1:2"},
		{"flag", file, environ, []string{"--listen", "127.0.0.1:3"}, "127.0.0.1:3"},
		{"flag at its default", file, environ, []string{"--listen", config.DefaultListen}, config.DefaultListen},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := load(t, tc.file, tc.env, tc.args...)
			if err != nil {
				t.Fatal(err)
			}
			if c.Listen != tc.listen {
				t.Errorf("listen = %q, want %q", c.Listen, tc.listen)
			}
			if tc.file != "" && (c.LogLevel != slog.LevelWarn || c.MaxInFlight != 7) {
				t.Errorf("the file's other settings are lost: %+v", c)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		name string
		file string
		env  []string
		args []string
		want string
	}{
		{"unknown in the file", "lisen: x\n", nil, nil, `hayauma.yaml: unknown key "lisen"; did you mean "listen"?`},
		{"nested in the file", "log:\n  level: info\n", nil, nil, `unknown key "log.level"; did you mean "log-level"?`},
		{"unknown in the environment", "", []string{"HAYAUMA_LISTENN=x"}, nil, `environment: unknown key "HAYAUMA_LISTENN"; did you mean "HAYAUMA_LISTEN"?`},
		{"nothing near", "zzzzzzzzzzzz: 1\n", nil, nil, `unknown key "zzzzzzzzzzzz"; known keys are data, listen`},
		{"not a value", "listen: [a]\n", nil, nil, "listen must be one plain value"},
		{"bad size", "", []string{"HAYAUMA_STORE_MAX_BYTES=12 apples"}, nil, `environment: store-max-bytes "12 apples" is not a size`},
		{"too small", "", nil, []string{"--store-max-bytes=1KiB"}, "store-max-bytes 1024 is too small"},
		{"bad level", "", nil, []string{"--log-level=loud"}, `command line: log-level "loud" is none of`},
		{"bad store", "", nil, []string{"--store=redis"}, `store "redis" is none of jetstream, memory`},
		{"memory with data", "", nil, []string{"--store=memory", "--data=d"}, `store memory keeps nothing on disk`},
		{"memory with nats", "", nil, []string{"--store=memory", "--nats=nats://h"}, `store memory can't be combined with nats`},
		{"creds without nats", "", nil, []string{"--nats-creds=f"}, "belong to an external server"},
		{"replicas without nats", "nats-replicas: 3\n", nil, nil, "nats-replicas belongs to an external server or to several embedded ones"},
		{"replicas", "", nil, []string{"--nats=nats://h", "--nats-replicas=2"}, `nats-replicas "2" is none of 1, 3, 5`},
		{"half a pair", "", nil, []string{"--nats=nats://h", "--nats-cert=f"}, "belong together"},
		{"every address without a token", "", nil, []string{"--listen=:8484"}, "no token is set: set HAYAUMA_TOKEN"},
		{"named address without a token", "", nil, []string{"--listen=192.0.2.1:80"}, "no token is set"},
		{"admin without a token", "", nil, []string{"--admin-listen=0.0.0.0:1"}, "is reachable from other machines and no token is set"},
		{"admin without a port", "", nil, []string{"--admin-listen=localhost"}, "is not HOST:PORT"},
		{"flight recorder too small", "", nil, []string{"--flight-recorder=1KiB"}, "flight-recorder 1024 is too small"},
		{"flight recorder too large", "", nil, []string{"--flight-recorder=2GiB"}, "is too much"},
		{"trace endpoint", "", nil, []string{"--trace-endpoint=127.0.0.1:4318"}, "trace-endpoint is not the URL of an OTLP receiver such as http://127.0.0.1:4318"},
		{"secret in the trace endpoint", "", nil, []string{"--trace-endpoint=http://me:secret@h"}, "OTEL_EXPORTER_OTLP_HEADERS"},
		{"no port", "", nil, []string{"--listen=localhost"}, "is not HOST:PORT"},
		{"unknown role", "", []string{"NODE_TYPE=sender"}, nil,
			`node-type "sender" carries no kind: there are checker, composer, poster, and kind-roles KIND=sender gives it one`},
		{"two answers", "", []string{"NODE_TYPE=all", "HAYAUMA_NODE_TYPE=poster"}, nil, "set one of them"},
		{"in flight", "", nil, []string{"--max-in-flight=0"}, "is not a number from 1"},
		{"actors with metrics", "", nil, []string{"--metrics-actors=50"}, "is not a number from 100 to 20000"},
		{"empty data", "data: ''\n", nil, nil, "data is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(t, tc.file, tc.env, tc.args...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error = %v\nwant it to contain %s", err, tc.want)
			}
		})
	}
}

func TestUnknownKeyIsTyped(t *testing.T) {
	_, err := load(t, "lisen: x\n", nil)
	var unknown config.UnknownKey
	if !errors.As(err, &unknown) || unknown.Key != "lisen" || unknown.Nearest != "listen" {
		t.Fatalf("error = %#v", err)
	}
}

func TestMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no.yaml")
	_, err := config.Load(config.Sources{Environ: []string{"HAYAUMA_CONFIG=" + path}})
	if err == nil || err.Error() != "configuration file "+path+" does not exist" {
		t.Fatalf("error = %v", err)
	}
}

func TestAcceptedForms(t *testing.T) {
	c, err := load(t, "", []string{"NODE_TYPE=poster, composer,checker", "HAYAUMA_TOKEN=secret"}, "--listen=0.0.0.0:0", "--store-max-bytes=2GiB")
	if err != nil {
		t.Fatal(err)
	}
	if c.StoreMaxBytes != 2<<30 || c.Token != "secret" || c.Data != config.DefaultData {
		t.Errorf("config = %+v", c)
	}
	c, err = load(t, "", nil, "--store=memory", "--listen=[::1]:0", "--memory-limit=0")
	if err != nil || c.Temp() != "" || c.MemoryLimit != 0 {
		t.Errorf("memory: %+v, %v", c, err)
	}
}

func FuzzParseSize(f *testing.F) {
	f.Add("1MiB")
	f.Add("9223372036854775807TiB")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := config.ParseSize(s); err == nil && n < 0 {
			t.Fatalf("%q is %d", s, n)
		}
	})
}
