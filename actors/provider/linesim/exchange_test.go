package linesim_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hayauma.example/actors/provider/internal/lineapi"
	"hayauma.example/actors/provider/linesim"
)

const blockedUser, unknownUser = "U0c229f96c4000000000000000000abcd", "U99999999999999999999999999999999"

// exchange is a request and what must come back. In the file, a star stands for anything without a quote.
type exchange struct {
	request *http.Request
	body    []byte
	status  string
	header  map[string]string
	answer  string
}

// exchanges reads a file of testdata/exchanges: "> " lines are sent, "< " lines come back.
func exchanges(t *testing.T, path string) []exchange {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []exchange
	for _, block := range strings.Split(string(text), "\n\n")[1:] {
		var sent, back []string
		for line := range strings.Lines(block) {
			line = strings.TrimSuffix(line, "\n")
			if rest, ok := strings.CutPrefix(line, ">"); ok {
				sent = append(sent, strings.TrimPrefix(rest, " "))
			} else if rest, ok := strings.CutPrefix(line, "<"); ok {
				back = append(back, strings.TrimPrefix(rest, " "))
			}
		}
		if len(sent) == 0 || len(back) < 3 {
			t.Fatalf("%s: not an exchange: %q", path, block)
		}
		e := exchange{status: back[0], header: map[string]string{}, answer: back[len(back)-1]}
		for _, h := range back[1 : len(back)-1] {
			name, value, _ := strings.Cut(h, ": ")
			e.header[name] = value
		}
		e.request, e.body = request(sent)
		all = append(all, e)
	}
	return all
}

func request(lines []string) (*http.Request, []byte) {
	method, path, _ := strings.Cut(lines[0], " ")
	head, body := lines[1:], []byte(nil)
	for i, l := range head {
		if l == "" {
			head, body = head[:i], []byte(strings.Join(head[i+1:], "\n"))
			break
		}
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	for _, h := range head {
		name, value, _ := strings.Cut(h, ":")
		r.Header.Set(name, strings.TrimSpace(value))
	}
	return r, body
}

func like(pattern, got string) bool {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, `[^"]+`) + "$").MatchString(got)
}

func exchangeFiles(t *testing.T) map[string][]exchange {
	t.Helper()
	files, err := filepath.Glob("testdata/exchanges/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	all := map[string][]exchange{}
	for _, f := range files {
		all[strings.TrimSuffix(filepath.Base(f), ".txt")] = exchanges(t, f)
	}
	return all
}

// play sends the exchanges of a file to a new simulator.
func play(name string, all []exchange, seen func(i int, answer *http.Response, body string)) {
	var o linesim.Options
	if name == "limited" {
		o.Quota = new(int64(3))
	}
	server := linesim.NewServer(o)
	if name == "users" {
		server.Sim.Block(blockedUser)
		server.Sim.Forget(unknownUser)
	}
	for i, e := range all {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, e.request)
		answer := w.Result()
		body, _ := io.ReadAll(answer.Body) // of a recorder: can't fail
		seen(i, answer, string(body))
	}
}

func TestExchanges(t *testing.T) {
	for name, all := range exchangeFiles(t) {
		t.Run(name, func(t *testing.T) {
			ids := map[string]bool{}
			play(name, all, func(i int, answer *http.Response, body string) {
				want := all[i]
				if !strings.HasPrefix(answer.Status, want.status) || !like(want.answer, body) {
					t.Errorf("exchange %d, %s:\n got %s %s\nwant %s %s", i+1, all[i].body, answer.Status, body, want.status, want.answer)
				}
				for name, value := range want.header {
					if got := answer.Header.Get(name); !like(value, got) {
						t.Errorf("exchange %d: header %s is %q, want %q", i+1, name, got, value)
					}
				}
				if want.header["X-Line-Accepted-Request-Id"] == "" && answer.Header.Get("X-Line-Accepted-Request-Id") != "" {
					t.Errorf("exchange %d: an accepted request's id without a conflict", i+1)
				}
				id := answer.Header.Get("X-Line-Request-Id")
				if ids[id] {
					t.Errorf("exchange %d: request id %s again", i+1, id)
				}
				ids[id] = true
			})
		})
	}
}

// What the simulator accepts, LINE's schema accepts; and every answer, whatever its status, has the form that LINE promises.
func TestExchangesKeepToLINEsContract(t *testing.T) {
	api := lineapi.Open(t)
	checked := 0
	for name, all := range exchangeFiles(t) {
		play(name, all, func(i int, answer *http.Response, body string) {
			if answer.StatusCode >= 400 {
				if err := api.Problem([]byte(body)); err != nil {
					t.Errorf("%s, exchange %d: answer %s: %v", name, i+1, body, err)
				}
			}
			if answer.StatusCode != 200 && answer.StatusCode != 409 || all[i].request.Header.Get("Content-Type") == "text/plain" {
				return
			}
			if emptyKey(all[i].request) || strings.Contains(string(all[i].body), `"customAggregationUnits":null`) {
				return // LINE's SDKs send these, and LINE takes them; its schema doesn't know
			}
			checked++
			if err := api.Exchange(all[i].request, all[i].body, answer, []byte(body)); err != nil {
				t.Errorf("%s, exchange %d: %v", name, i+1, err)
			}
		})
	}
	if checked < 15 {
		t.Errorf("only %d exchanges were checked", checked)
	}
}

func emptyKey(r *http.Request) bool {
	v, ok := r.Header["X-Line-Retry-Key"]
	return ok && v[0] == ""
}
