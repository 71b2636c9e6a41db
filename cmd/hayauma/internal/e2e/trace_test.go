package e2e

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// call is one system call in a trace. Its moments are the lines at which it begins and ends.
type call struct {
	name, file, data string
	begin, end       int
	failed           bool
}

var (
	wholeCall = regexp.MustCompile(`^(\d+) +[\d.]+ (\w+)\((\d+)<(.*?)>(?:, (.*))?\) += (-?\d+)`)
	firstPart = regexp.MustCompile(`^(\d+) +[\d.]+ (\w+)\((\d+)<(.*?)>(?:, (.*?))? ?<unfinished`)
	lastPart  = regexp.MustCompile(`^(\d+) +[\d.]+ <\.\.\. (\w+) resumed>.*\) += (-?\d+)`)
)

// readTrace reads what strace -f -yy -ttt wrote about calls on files and sockets.
func readTrace(t testing.TB, path string) (calls []*call) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	open := map[string]*call{} // by thread
	scan := bufio.NewScanner(file)
	scan.Buffer(nil, 16<<20)
	for line := 0; scan.Scan(); line++ {
		if m := lastPart.FindStringSubmatch(scan.Text()); m != nil {
			if c := open[m[1]]; c != nil {
				c.end, c.failed = line, strings.HasPrefix(m[3], "-")
				delete(open, m[1])
			}
		} else if m := firstPart.FindStringSubmatch(scan.Text()); m != nil {
			c := &call{name: m[2], file: m[3] + "<" + m[4], data: m[5], begin: line, end: 1 << 40} // never ended, unless it did
			open[m[1]] = c
			calls = append(calls, c)
		} else if m := wholeCall.FindStringSubmatch(scan.Text()); m != nil {
			calls = append(calls, &call{name: m[2], file: m[3] + "<" + m[4], data: m[5], begin: line, end: line, failed: m[6][0] == '-'})
		}
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return calls
}

func (c *call) syncs() bool { return (c.name == "fsync" || c.name == "fdatasync") && !c.failed }
func (c *call) writes() bool {
	return strings.HasPrefix(c.name, "write") || strings.HasPrefix(c.name, "pwrite")
}
func (c *call) sends() bool { return strings.Contains(c.file, "<TCP") }

// into tells whether the call writes to a stream's message blocks, not to the staging area of a batch.
func (c *call) into(stream string) bool {
	return c.writes() && strings.Contains(c.file, "/streams/"+stream+"/msgs/") && strings.HasSuffix(c.file, ".blk")
}

// covered tells whether a sync of w's file began after w and ended before moment.
func covered(calls []*call, w *call, moment int) bool {
	return slices.ContainsFunc(calls, func(c *call) bool {
		return c.syncs() && c.file == w.file && c.begin > w.end && c.end < moment
	})
}

// answers and requests is what the trace was seen to hold, so that no verdict is about nothing.
type answers struct{ accepted, requests int }

var (
	location = regexp.MustCompile(`Location: /v1/campaigns/([0-9a-f-]{36})`)
	to       = regexp.MustCompile(`\\"to\\":\[?\\"(U[0-9a-f]{32})`)
)

// violations are the answers and provider requests that left before what they stand on was synced. campaigns names each user's.
func violations(calls []*call, campaigns map[string]string) (seen answers, found []string) {
	begun := map[string]*call{} // socket → its last provider request
	for _, c := range calls {
		if !c.sends() || !(c.writes() || strings.HasPrefix(c.name, "send")) {
			continue
		}
		if strings.HasPrefix(c.data, `"POST /v2/bot/message/`) {
			begun[c.file] = c
		}
		if strings.HasPrefix(c.data, `"HTTP/1.1 202`) {
			seen.accepted++
			found = append(found, early(calls, c, location.FindStringSubmatch(c.data)[1], "campaign.accepted")...)
		}
		m := to.FindStringSubmatch(c.data)
		if m == nil || begun[c.file] == nil {
			continue
		}
		seen.requests++
		found = append(found, early(calls, begun[c.file], campaigns[m[1]], "campaign.window_opened")...)
		delete(begun, c.file)
	}
	return seen, found
}

// early tells what of an event's append, and of the objects stored before it, was not synced when the call out began.
func early(calls []*call, out *call, campaign, event string) (found []string) {
	var appended *call
	for _, c := range calls {
		if c.begin < out.begin && c.into("EV") && strings.Contains(c.data, campaign) && strings.Contains(c.data, event) {
			appended = c
		}
	}
	if appended == nil {
		return []string{fmt.Sprintf("line %d: before any append of %s of %s", out.begin+1, event, campaign)}
	}
	if !covered(calls, appended, out.begin) {
		found = append(found, fmt.Sprintf("line %d: before a sync of %s, line %d", out.begin+1, event, appended.begin+1))
	}
	for _, c := range calls {
		if c.into("UP") && c.end < appended.begin && !covered(calls, c, out.begin) {
			found = append(found, fmt.Sprintf("line %d: before a sync of an object, line %d", out.begin+1, c.begin+1))
		}
	}
	return found
}
