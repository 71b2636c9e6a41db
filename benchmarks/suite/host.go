package suite

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// Host is what a figure depends on besides the cell. It is comparable.
type Host struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	MemoryMiB  uint64 `json:"memory_mib"`
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	GOMAXPROCS int    `json:"gomaxprocs"`
	Peers      string `json:"peers"`              // modules and versions
	Programs   string `json:"programs"`           // other programs and versions
	Binary     string `json:"binary"`             // begin of the executable's SHA-256
	Daemon     string `json:"daemon,omitempty"`   // begin of the SHA-256 of the daemon's program
	Settings   string `json:"settings,omitempty"` // of the environment, that change figures
	Commit     string `json:"commit,omitempty"`   // of this program; "" when the build does not know
}

// measured are the modules whose versions a table shows.
var measured = []string{
	"github.com/anthdm/hollywood", "github.com/asynkron/protoactor-go", "github.com/tochemey/goakt/v3", "github.com/hibiken/asynq",
	"github.com/riverqueue/river", "github.com/redis/go-redis/v9", "github.com/jackc/pgx/v5",
}

// programs are others than this one that a cell may start: how each tells its version, and where it is when not in the path.
var programs = []struct {
	name    string
	args    []string
	folders string // a pattern
}{
	{"redis-server", []string{"--version"}, ""},
	{"postgres", []string{"--version"}, "/usr/lib/postgresql/*/bin"},
	{"php", []string{"-r", "echo 'PHP ', PHP_VERSION, extension_loaded('redis') ? ', phpredis '.phpversion('redis') : '';"}, ""},
}

// settings are variables of the environment that change what a cell measures, or which cells are.
var settings = []string{"GOGC", "GOMEMLIMIT", "GODEBUG", "BENCH_IN_FLIGHT", "BENCH_LONG"}

// ThisHost describes the machine and the executables whose paths are given: this one, and the daemon's.
func ThisHost(ctx context.Context, executable, daemon string) (Host, error) {
	binary, err := digest(executable)
	if err != nil {
		return Host{}, err
	}
	served, err := digest(daemon)
	if err != nil {
		return Host{}, err
	}
	total, _, err := memoryOf("/proc/meminfo")
	if err != nil {
		return Host{}, err
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return Host{}, err
	}
	cpu, err := field("/proc/cpuinfo", "model name")
	if err != nil {
		cpu = runtime.GOARCH // some architectures name no model
	}
	return Host{
		CPU: cpu, Cores: runtime.NumCPU(), MemoryMiB: total >> 20, Kernel: strings.TrimSpace(string(kernel)),
		Go: runtime.Version(), GOMAXPROCS: runtime.GOMAXPROCS(0), Peers: versions(), Programs: installed(ctx), Binary: binary, Daemon: served,
		Settings: set(os.Getenv), Commit: commit(),
	}, nil
}

// set lists the settings that are not empty.
func set(value func(name string) string) string {
	var all []string
	for _, name := range settings {
		if v := value(name); v != "" {
			all = append(all, name+"="+v)
		}
	}
	return strings.Join(all, " ")
}

// commit is what the build knows of version control; "go run" wants -buildvcs=true for it.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var revision, modified string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			modified = s.Value
		}
	}
	revision = revision[:min(len(revision), 12)]
	if modified == "true" {
		revision += " with changes"
	}
	return revision
}

// installed returns the first line of what each program that is there says of its version.
func installed(ctx context.Context) string {
	var all []string
	for _, p := range programs {
		path, err := exec.LookPath(p.name)
		if found, _ := filepath.Glob(filepath.Join(p.folders, p.name)); err != nil && p.folders != "" && len(found) > 0 {
			path = found[len(found)-1]
		}
		if path == "" {
			continue
		}
		text, err := exec.CommandContext(ctx, path, p.args...).Output()
		if err != nil {
			continue // a program that can't say its version is shown as absent
		}
		first, _, _ := strings.Cut(string(text), "\n")
		first, _, _ = strings.Cut(first, " sha=") // Redis goes on with its build
		all = append(all, strings.TrimSpace(first))
	}
	return strings.Join(all, "; ")
}

func versions() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var all []string
	for _, want := range measured {
		for _, dep := range info.Deps {
			if dep.Path == want {
				all = append(all, dep.Path+" "+dep.Version)
			}
		}
	}
	return strings.Join(all, ", ")
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}

// memoryOf returns all memory and what is available, in bytes.
func memoryOf(meminfo string) (total, available uint64, err error) {
	if total, err = kibibytes(meminfo, "MemTotal"); err != nil {
		return 0, 0, err
	}
	available, err = kibibytes(meminfo, "MemAvailable")
	return total, available, err
}

func kibibytes(file, name string) (uint64, error) {
	text, err := field(file, name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(text, " kB"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("suite: %s in %s: %w", name, file, err)
	}
	return n << 10, nil
}

// field returns the first value of a name in a file of lines "name: value".
func field(file, name string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("suite: %s says nothing of %q", file, name)
}
