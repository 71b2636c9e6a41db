package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Bounds of what the test waits for, on a busy machine.
const (
	startFor = time.Minute
	endFor   = time.Minute
)

const token = "api-token"

// build makes the daemon of this tree.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hayauma")
	if out, err := exec.Command("go", "build", "-C", filepath.Join("..", "..", ".."), "-o", path, "./cmd/hayauma").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// start runs a command until the test ends, and returns the URL at which it listens.
func start(t *testing.T, args ...string) (url string) {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "HAYAUMA_") || strings.HasPrefix(v, "NODE_TYPE=") }),
		"SHOP_TOKEN=any", "HAYAUMA_TOKEN="+token)
	cmd.Stderr = &said
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	read := make(chan struct{}) // closed when there is no more
	go func() {
		defer close(read)
		for out := bufio.NewScanner(stdout); out.Scan(); {
			select {
			case lines <- out.Text():
			default: // only the first is asked for
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(endFor, func() { _ = cmd.Process.Kill() })
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v\n%s", args[1:], err, said.String())
		}
		timer.Stop()
	})
	select {
	case line := <-lines:
		url, ok := strings.CutPrefix(line, "listening on ")
		if !ok {
			t.Fatalf("%v says %q first", args[1:], line)
		}
		return url
	case <-time.After(startFor):
		t.Fatalf("%v doesn't listen within %v", args[1:], startFor)
	case <-read:
		t.Fatalf("%v ended", args[1:])
	}
	return ""
}

// delivered are the hashes of the messages that the simulator has accepted, by user.
func delivered(t *testing.T, sim string) map[string]string {
	t.Helper()
	resp, err := http.Get(sim + "/_sim/deliveries")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	hashes := map[string]string{}
	for lines := json.NewDecoder(resp.Body); ; {
		var d struct {
			User string `json:"user"`
			Hash string `json:"body_sha256"`
		}
		if err := lines.Decode(&d); err == io.EOF {
			return hashes
		} else if err != nil {
			t.Fatal(err)
		}
		if hashes[d.User] != "" {
			t.Errorf("%s was sent to twice", d.User)
		}
		hashes[d.User] = d.Hash
	}
}

// hash is that of one text message, in canonical JSON: members are in order.
func hash(text string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, `[{"text":%q,"type":"text"}]`, text))
	return hex.EncodeToString(sum[:])
}

// The README's session through a client that was generated from the document: every type and function that it needs is there and fits.
func TestQuickstart(t *testing.T) {
	program := build(t)
	sim := start(t, program, "line-sim", "--listen", "127.0.0.1:0")
	daemon := start(t, program, "serve", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0", "--log-level", "error")
	var out bytes.Buffer
	s := session{server: daemon, token: token, endpoint: sim, tokenEnv: "SHOP_TOKEN", key: "quickstart", out: &out, audience: strings.NewReader(
		"user_id,name,coupon\nU00000000000000000000000000000001,Aiko,A-1\nU00000000000000000000000000000002,Ben,\n")}
	if err := s.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		`^channel shop: sending\n`, `\ncampaign [0-9a-f-]{36} is accepted\n`, `\nfinished: 2 of 2 settled\n`,
		`\nU00000000000000000000000000000001 is delivered\n  2\S+ settled, LINE's request id \S+\n`, `\nU00000000000000000000000000000002 is delivered\n`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("%s is missing in\n%s", want, out.String())
		}
	}
	if got, want := delivered(t, sim), map[string]string{
		"U00000000000000000000000000000001": hash("Hello Aiko, your coupon is A-1."),
		"U00000000000000000000000000000002": hash("Hello Ben, your coupon is SPRING."),
	}; !maps.Equal(got, want) {
		t.Errorf("delivered %v", got)
	}
}

// Refusals come through with the daemon's words.
func TestQuickstartRefused(t *testing.T) {
	program := build(t)
	daemon := start(t, program, "serve", "--store", "memory", "--listen", "127.0.0.1:0", "--log-level", "error")
	s := session{server: daemon, token: token, endpoint: "http://127.0.0.1:1", tokenEnv: "SHOP_TOKEN", key: "k", out: io.Discard}
	for want, change := range map[string]func(*session){
		"401 Unauthorized: wrong or missing API token":                     func(s *session) { s.token = "another" },
		"422 Unprocessable Entity: token_env is not the name":              func(s *session) { s.tokenEnv = "" },
		"422 Unprocessable Entity: .*\n  audience line 2: .*32 hex digits": func(s *session) { s.audience = strings.NewReader("user_id,name\nU1,x\n") },
	} {
		s := s
		s.audience = strings.NewReader("user_id,name\nU00000000000000000000000000000001,x\n")
		change(&s)
		if err := s.run(t.Context()); err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("%q, not %q", err, want)
		}
	}
}
