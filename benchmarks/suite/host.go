package suite

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
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
	Peers      string `json:"peers"`  // modules and versions
	Binary     string `json:"binary"` // begin of the executable's SHA-256
}

// measured are the modules whose versions a table shows.
var measured = []string{"github.com/anthdm/hollywood", "github.com/asynkron/protoactor-go", "github.com/tochemey/goakt/v3"}

// ThisHost describes the machine and the executable, whose path is given.
func ThisHost(executable string) (Host, error) {
	binary, err := digest(executable)
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
		Go: runtime.Version(), GOMAXPROCS: runtime.GOMAXPROCS(0), Peers: versions(), Binary: binary,
	}, nil
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
