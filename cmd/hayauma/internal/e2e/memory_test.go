package e2e

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	memoryTarget = 150 << 20 // bytes of VmHWM, the design's; the test fails above twice that
	sizeFor      = 30 * time.Minute
)

// TestMemory measures the daemon's memory while it accepts and sends a million personalised messages of 100 bytes of variables to a
// slow provider. It takes minutes, so it runs only with HAYAUMA_SIZE=1.
func TestMemory(t *testing.T) {
	onlyAtSize(t)
	rows := number(t, "HAYAUMA_ROWS", 1_000_000)
	w := newWorld(t, "--ledger-only", "--faults", "latency=20ms")
	w.late = sizeFor
	w.open()
	m := w.million(rows)
	began := time.Now()
	w.mustSubmit(m)
	t.Logf("figure: %d rows accepted in %.1f s, VmHWM %.0f MiB", rows, time.Since(began).Seconds(), w.peak())
	s := w.finish(m)
	if s.State != "finished" || s.Delivered != rows || s.Pending != 0 {
		t.Fatalf("%+v", s)
	}
	w.sameLedger(rows)
	peak, took := w.peak(), s.FinishedAt.Sub(*s.StartedAt)
	t.Logf("figure: sent at %.0f recipients/s, %.1f CPU seconds of serve in all", float64(rows)/took.Seconds(), w.cpu())
	t.Logf("figure: journal of %.0f records, %.1f MB; %.0f objects, %.1f MB", w.metric("hayauma_journal_records"), w.metric("hayauma_journal_bytes")/1e6,
		w.metric("hayauma_journal_objects"), w.metric("hayauma_journal_object_bytes")/1e6)
	t.Logf("figure: VmHWM %.0f MiB after accept and send of %d rows (target %d MiB: %s)", peak, rows, memoryTarget>>20,
		map[bool]string{true: "met", false: "missed"}[peak <= memoryTarget>>20])
	if peak > 2*memoryTarget>>20 {
		t.Errorf("VmHWM %.0f MiB is over twice the target", peak)
	}
}

// TestMemoryOfSingleMessages measures the same while 6,000 messages of 20 kB wait for one moment, and are then sent. It runs only with
// HAYAUMA_SIZE=1.
func TestMemoryOfSingleMessages(t *testing.T) {
	onlyAtSize(t)
	const messages, texts, length = 6000, 4, 5000
	w := newWorld(t, "--ledger-only", "--faults", "latency=20ms")
	w.open()
	due := time.Now().Add(time.Minute)
	path := filepath.Join(w.dir, "messages.ndjson")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text := `{"type":"text","text":"` + strings.Repeat("x", length) + `"}`
	all := strings.Repeat(text+",", texts-1) + text
	for i := range messages {
		fmt.Fprintf(file, `{"to":"U%032x","key":"one","at":%q,"messages":[%s]}`+"\n", i, due.Format(time.RFC3339), all)
	}
	if r := w.cli("message", "import", channel, "--file", path); r.code != 0 {
		t.Fatalf("message import: %+v", r)
	}
	if late := time.Since(due); late > 0 {
		t.Fatalf("accepted %v after they were due", late)
	}
	t.Logf("figure: %d messages of %d kB accepted %.0f s before they are due, VmHWM %.0f MiB", messages, texts*length/1000, time.Until(due).Seconds(), w.peak())
	for end := due.Add(finishFor); w.ledger().Deliveries < messages; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%+v of %d", w.ledger(), messages)
		}
	}
	w.sameLedger(messages)
	peak := w.peak()
	t.Logf("figure: VmHWM %.0f MiB once they are sent, %.1f s after they were due; they take %d MiB", peak, time.Since(due).Seconds(), messages*texts*length>>20)
	if peak > 2*memoryTarget>>20 {
		t.Errorf("VmHWM %.0f MiB is over twice the target", peak)
	}
}

// onlyAtSize skips what takes minutes.
func onlyAtSize(t *testing.T) {
	t.Helper()
	if testing.Short() || os.Getenv("HAYAUMA_SIZE") != "1" {
		t.Skip("it takes minutes: set HAYAUMA_SIZE=1")
	}
	if !exists("/proc/self/status") {
		t.Skip("no /proc on this system: VmHWM can't be read")
	}
}

// million writes the audience; its texts are judged by the simulator's counts only.
func (w *world) million(rows int) *mailing {
	w.t.Helper()
	m := &mailing{name: "size", key: "size", audience: filepath.Join(w.dir, "size.csv")}
	m.campaign = write(w.t, w.dir, "size.json", definition("size", "Hello {{ words }}", ""))
	file, err := os.Create(m.audience)
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<20)
	out.WriteString("user_id,words\n")
	for i := range rows {
		fmt.Fprintf(out, "%s,%0100d\n", fmt.Sprintf("U%032x", i), i)
	}
	if err := out.Flush(); err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) sameLedger(rows int) {
	w.t.Helper()
	if l := w.ledger(); l.Users != rows || l.Deliveries != rows || l.Duplicates != 0 {
		w.t.Errorf("the simulator's ledger: %+v", l)
	}
}

// peak is the daemon's largest resident size, in MiB.
func (w *world) peak() float64 {
	w.t.Helper()
	text := w.proc("status")
	_, after, _ := strings.Cut(text, "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		w.t.Fatal(err)
	}
	return float64(kib) / 1024
}

// cpu is what the daemon has used, in seconds: utime and stime, in ticks of 10 ms.
func (w *world) cpu() float64 {
	w.t.Helper()
	text := w.proc("stat")
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	user, errUser := strconv.Atoi(fields[11])
	system, errSystem := strconv.Atoi(fields[12])
	if errUser != nil || errSystem != nil {
		w.t.Fatalf("/proc stat: %q", text)
	}
	return float64(user+system) / 100
}

func (w *world) proc(name string) string {
	w.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", w.daemon.cmd.Process.Pid, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}
