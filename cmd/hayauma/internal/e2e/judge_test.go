package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// mailing is one campaign as its author sees it: what is sent to whom.
type mailing struct {
	name, key, id      string
	campaign, audience string            // files
	want               map[string]string // user → SHA-256 of the messages
	rows               int               // of the audience file
	lost               map[string]bool   // users that the provider doesn't know
}

// personalised writes a mailing in which every text differs. Users of different names differ.
func (w *world) personalised(name string, n int) *mailing {
	w.t.Helper()
	text := func(i int) string { return fmt.Sprintf(`友達 "%d" of %s`, i, name) }
	m := w.mailing(name, "お元気ですか, {{ friend }}?", n, text)
	for i := range n {
		m.want[user(name, i)] = digest("お元気ですか, " + text(i) + "?")
	}
	return m
}

// uniform writes a mailing in which all texts are equal, and one user stands twice in the file.
func (w *world) uniform(name string, n int) *mailing {
	w.t.Helper()
	m := w.mailing(name, "One text for "+name, n, func(int) string { return "" })
	for i := range n {
		m.want[user(name, i)] = digest("One text for " + name)
	}
	file, err := os.OpenFile(m.audience, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	if _, err := fmt.Fprintf(file, "%s,\n", user(name, 0)); err != nil {
		w.t.Fatal(err)
	}
	m.rows++
	return m
}

func (w *world) mailing(name, text string, n int, column func(int) string) *mailing {
	w.t.Helper()
	m := &mailing{name: name, key: "key of " + name, want: make(map[string]string, n), rows: n, lost: map[string]bool{}}
	var rows bytes.Buffer
	rows.WriteString("user_id,friend\n")
	for i := range n {
		fmt.Fprintf(&rows, "%s,\"%s\"\n", user(name, i), strings.ReplaceAll(column(i), `"`, `""`))
	}
	m.audience = write(w.t, w.dir, name+".csv", rows.Bytes())
	m.campaign = write(w.t, w.dir, name+".json", definition(name, text, ""))
	w.posted = append(w.posted, m)
	return m
}

// definition is a campaign file; schedule is JSON, or empty.
func definition(name, text, schedule string) []byte {
	d := map[string]any{"name": name, "channel": channel, "messages": []any{map[string]string{"type": "text", "text": text}}}
	if schedule != "" {
		d["schedule"] = json.RawMessage(schedule)
	}
	raw, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return raw
}

// user is the id of a mailing's i-th user: no two mailings share one.
func user(name string, i int) string {
	of := sha256.Sum256([]byte(name))
	return fmt.Sprintf("U%s%016x", hex.EncodeToString(of[:8]), i)
}

// digest is the hash of one text message in canonical JSON (RFC 8785).
func digest(text string) string {
	quoted := strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `"`, `\"`)
	sum := sha256.Sum256([]byte(`[{"text":"` + quoted + `","type":"text"}]`))
	return hex.EncodeToString(sum[:])
}

// judge compares what the daemon says of a mailing with what was to be sent and with the simulator's ledger of everything.
func (w *world) judge(m *mailing, s shown) error {
	w.t.Helper()
	got, err := w.received()
	if err != nil {
		return err
	}
	states := map[string]string{}
	for _, r := range w.recipients(m.id) {
		if _, twice := states[r.User]; twice {
			return fmt.Errorf("the export lists %s twice", r.User)
		}
		states[r.User] = r.State
	}
	return errors.Join(m.judge(states, got), m.addUp(states, s), w.secondJudge(m, states))
}

// received counts the simulator's deliveries by user: each is to somebody of some mailing, and has the right body.
func (w *world) received() (map[string]int, error) {
	want := map[string]string{}
	for _, m := range w.posted {
		maps.Copy(want, m.want)
	}
	got := map[string]int{}
	for _, d := range w.deliveries() {
		if want[d.User] != d.Body {
			return nil, fmt.Errorf("a delivery that nobody ordered: %+v", d)
		}
		got[d.User]++
	}
	return got, nil
}

// judge is the verdict on each recipient: delivered is exactly one delivery, unknown at most one, everything else none.
func (m *mailing) judge(states map[string]string, got map[string]int) error {
	var errs []error
	fail := func(user, what string) {
		if len(errs) < 5 {
			errs = append(errs, fmt.Errorf("%s: %s is %q with %d deliveries: %s", m.name, user, states[user], got[user], what))
		}
	}
	for user := range m.want {
		n := got[user]
		switch state := states[user]; {
		case n > 1:
			fail(user, "sent twice")
		case state == "":
			fail(user, "missing from the ledger")
		case state == "delivered" && n != 1:
			fail(user, "missing at the provider")
		case state != "delivered" && state != "unknown" && n != 0:
			fail(user, "sent all the same")
		case m.lost[user] && state != "failed" && state != "unknown":
			fail(user, "the provider doesn't know it")
		}
	}
	for user := range states {
		if m.want[user] == "" {
			fail(user, "nobody ordered it")
		}
	}
	return errors.Join(errs...)
}

// addUp compares the totals with the export.
func (m *mailing) addUp(states map[string]string, s shown) error {
	count := map[string]int{}
	for _, state := range states {
		count[state]++
	}
	told := map[string]int{
		"delivered": s.Delivered, "failed": s.Failed, "unknown": s.Unknown, "suppressed": s.Suppressed, "expired": s.Expired,
		"cancelled": s.Cancelled, "pending": s.Pending,
	}
	sum := 0
	for state, n := range told {
		if sum += n; n != count[state] {
			return fmt.Errorf("%s: %d %s are told and %d exported: %+v", m.name, n, state, count[state], s)
		}
	}
	if sum != s.Accepted || s.Accepted != len(m.want) || s.Rows != m.rows || s.Duplicates != m.rows-len(m.want) {
		return fmt.Errorf("%s: of %d rows and %d users, the figures are %+v", m.name, m.rows, len(m.want), s)
	}
	return nil
}

// secondJudge asks the program that HAYAUMA_JUDGE names. What was never sent is told to it as unknown: it knows no other word.
func (w *world) secondJudge(m *mailing, states map[string]string) error {
	program := os.Getenv("HAYAUMA_JUDGE")
	if program == "" {
		return nil
	}
	var spared, sent bytes.Buffer
	for user, state := range states {
		if state != "delivered" {
			fmt.Fprintln(&spared, user)
		}
	}
	for _, d := range w.deliveries() {
		if m.want[d.User] != "" {
			line, err := json.Marshal(d)
			if err != nil {
				return err
			}
			sent.Write(append(line, '\n'))
		}
	}
	out, err := exec.Command(program, m.campaign, m.audience, write(w.t, w.dir, "deliveries.ndjson", sent.Bytes()),
		"--unknown", write(w.t, w.dir, "unknown.txt", spared.Bytes())).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: the second judge: %w: %s", m.name, err, out)
	}
	return nil
}

// TestJudgeSees breaks a good result in every way that the judge is for.
func TestJudgeSees(t *testing.T) {
	m := &mailing{name: "m", want: map[string]string{"a": "x", "b": "x", "c": "x"}, lost: map[string]bool{"c": true}}
	good := func() (map[string]string, map[string]int) {
		return map[string]string{"a": "delivered", "b": "unknown", "c": "failed"}, map[string]int{"a": 1, "b": 1}
	}
	if states, got := good(); m.judge(states, got) != nil {
		t.Fatal("a good result is refused:", m.judge(states, got))
	}
	for what, harm := range map[string]func(states map[string]string, got map[string]int){
		"missing at the provider":      func(_ map[string]string, got map[string]int) { got["a"] = 0 },
		"sent twice":                   func(_ map[string]string, got map[string]int) { got["b"] = 2 },
		"missing from the ledger":      func(states map[string]string, _ map[string]int) { delete(states, "a") },
		"sent all the same":            func(states map[string]string, _ map[string]int) { states["a"] = "failed" },
		"the provider doesn't know it": func(states map[string]string, got map[string]int) { states["c"], got["c"] = "delivered", 1 },
		"nobody ordered it":            func(states map[string]string, _ map[string]int) { states["d"] = "delivered" },
	} {
		states, got := good()
		harm(states, got)
		if err := m.judge(states, got); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: the judge says %v", what, err)
		}
	}
}
