package certs_test

import (
	"crypto/tls"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hayauma.example/cluster/remote"
	"hayauma.example/cmd/hayauma/internal/certs"
	"hayauma.example/engine"
)

func issued(t *testing.T, dir, node string, hosts ...string) certs.Made {
	t.Helper()
	made, err := certs.Make(certs.Request{Dir: dir, Node: node, Hosts: hosts, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func load(t *testing.T, m certs.Made) *tls.Config {
	t.Helper()
	c, err := certs.Load(certs.Files{Cert: m.Cert, Key: m.Key, CA: m.CA}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	first := issued(t, dir, "a", "node-a.example", "192.0.2.1")
	second := issued(t, dir, "b")
	if !first.NewCA || second.NewCA || first.CA != second.CA {
		t.Errorf("made %+v and %+v", first, second)
	}
	if left := time.Until(first.Until); left > certs.Lifetime || left < certs.Lifetime-time.Minute || second.Until.After(first.Until) {
		t.Errorf("valid until %v and %v", first.Until, second.Until)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 6 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
	leaf := load(t, first).Certificates[0].Leaf
	for _, host := range []string{"a", "node-a.example", "192.0.2.1", "localhost", "127.0.0.1", "::1"} {
		if err := leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if leaf.VerifyHostname("b") == nil {
		t.Error("a's certificate is good for b")
	}
}

func TestMakeOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	made := issued(t, dir, "a")
	before, err := os.ReadFile(made.Cert)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ lose, node, want string }{
		{"", "a", "exists and is not overwritten"},
		{"", "ca", "can't name a node's files"},
		{"", "../b", "can't name a node's files"},
		{"ca-key.pem", "b", "put both of its files back"},
	} {
		if tc.lose != "" {
			if err := os.Remove(filepath.Join(dir, tc.lose)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := certs.Make(certs.Request{Dir: dir, Node: tc.node, Now: time.Now()}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.node, err)
		}
	}
	if after, err := os.ReadFile(made.Cert); err != nil || string(after) != string(before) {
		t.Errorf("a.pem has changed, %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "b-key.pem")); err == nil {
		t.Error("a key without a certificate was left behind")
	}
}

func TestLoadTellsWhatOthersWouldRefuse(t *testing.T) {
	ours, theirs := issued(t, t.TempDir(), "a"), issued(t, t.TempDir(), "a")
	good := certs.Files{Cert: ours.Cert, Key: ours.Key, CA: ours.CA}
	late := time.Now().Add(certs.Lifetime + time.Hour)
	for name, tc := range map[string]struct {
		spoil func(f *certs.Files)
		now   time.Time
		want  string
	}{
		"another authority": {func(f *certs.Files) { f.CA = theirs.CA }, time.Now(), "is not signed by an authority in cluster-ca"},
		"another key":       {func(f *certs.Files) { f.Key = theirs.Key }, time.Now(), "private key does not match"},
		"no file":           {func(f *certs.Files) { f.CA += "x" }, time.Now(), "cluster-ca: "},
		"no certificate":    {func(f *certs.Files) { f.CA = ours.Key }, time.Now(), "holds no certificate"},
		"ended":             {func(*certs.Files) {}, late, "has ended at " + stamp(ours.Until) + ", and now it is " + stamp(late)},
		"not begun":         {func(*certs.Files) {}, time.Now().Add(-48 * time.Hour), "begins at "},
	} {
		f := good
		tc.spoil(&f)
		if _, err := certs.Load(f, tc.now); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// A certificate is warned of from 14 days before its end, and still loaded.
func TestEndingCertificateIsWarnedOf(t *testing.T) {
	made := issued(t, t.TempDir(), "a")
	files := certs.Files{Cert: made.Cert, Key: made.Key, CA: made.CA}
	for before, want := range map[time.Duration]string{
		certs.Notice + time.Second: "",
		certs.Notice:               "ends at " + stamp(made.Until) + ", now it is " + stamp(made.Until.Add(-certs.Notice)),
		time.Second:                "ends at " + stamp(made.Until),
		-time.Second:               "has ended at " + stamp(made.Until),
	} {
		now := made.Until.Add(-before)
		c, err := certs.Load(files, now)
		if (err == nil) != (before > 0) {
			t.Errorf("%v before its end: %v", before, err)
		}
		if err != nil {
			c = load(t, made)
		}
		if got := certs.Ending(c, now); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%v before its end: %q, want %q", before, got, want)
		}
	}
	if got := certs.Ending(nil, made.Until); got != "" {
		t.Errorf("without certificates: %s", got)
	}
}

// ear hears what arrives, and what comes back.
type ear struct{ got, back chan struct{} }

func (e ear) Receive(_ string, _ engine.Lane, packets iter.Seq[[]byte]) {
	for range packets {
		e.got <- struct{}{}
	}
}

func (e ear) Returned(string, engine.Lane, []byte, bool) { e.back <- struct{}{} }

type word string

func (w word) AppendPacket(dst []byte) ([]byte, error) { return append(dst, w...), nil }

func listen(t *testing.T, name string, c *tls.Config) (*remote.Transport, ear) {
	t.Helper()
	r, err := remote.Listen(t.Context(), remote.Config{Incarnation: name, Listen: "127.0.0.1:0", TLS: c, RetryMin: time.Millisecond,
		RetryMax: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	e := ear{make(chan struct{}, 10), make(chan struct{}, 10)}
	r.Start(e)
	return r, e
}

func TestNodesOfOneAuthorityTalk(t *testing.T) {
	dir := t.TempDir()
	ours := load(t, issued(t, dir, "b"))
	theirs := issued(t, t.TempDir(), "c")
	stranger := load(t, theirs)
	stranger.RootCAs = ours.RootCAs // it would trust us
	for name, tc := range map[string]struct {
		c    *tls.Config
		hear bool
	}{
		"ours": {load(t, issued(t, dir, "a")), true}, "another authority's": {load(t, theirs), false}, "another authority's that trusts us": {stranger, false},
	} {
		t.Run(name, func(t *testing.T) {
			one, mine := listen(t, "one", tc.c)
			two, other := listen(t, "two", ours)
			one.SetPeers(map[string]string{"two": two.Addr().String()})
			two.SetPeers(map[string]string{"one": one.Addr().String()})
			if err := one.Send("two", engine.Data, word("hello")); err != nil {
				t.Fatal(err)
			}
			if tc.hear {
				<-other.got
				return
			}
			select {
			case <-other.got:
				t.Error("it was received")
			case <-time.After(200 * time.Millisecond): // dozens of attempts
			}
			one.SetPeers(nil)
			<-mine.back
		})
	}
}
