package line_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/internal/lineapi"
	"hayauma.example/actors/provider/line"
)

// written is what the client wrote, in the form of testdata/requests.
func written(t *testing.T, do func(c *line.Client)) []string {
	t.Helper()
	var mu sync.Mutex
	var all []string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var text strings.Builder
		fmt.Fprintf(&text, "%s %s %s\n", r.Method, r.RequestURI, r.Proto)
		for _, name := range []string{"Authorization", "Content-Type", "X-Line-Retry-Key"} {
			if v, ok := r.Header[name]; ok {
				fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(v, " and "))
			}
		}
		fmt.Fprintf(&text, "\n%s\n", body)
		mu.Lock()
		all = append(all, text.String())
		mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "/quota") {
			io.WriteString(w, `{"type":"none"}`)
			return
		}
		io.WriteString(w, `{"totalUsage":1}`)
	}, line.Config{})
	do(client)
	mu.Lock()
	defer mu.Unlock()
	return all
}

func golden(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "requests", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var goldenCalls = map[string]func(t *testing.T, c *line.Client){
	"push": func(t *testing.T, c *line.Client) {
		c.Send(t.Context(), provider.Call{Endpoint: provider.Push, Key: uuid.MustParse("123e4567-e89b-12d3-a456-426614174000"),
			To:       []string{"U4af4980629000000000000000000abcd"},
			Messages: json.RawMessage(`[ {"text" : "caf\u00e9 \/ ☕", "type":"text", "new":{"of":1.0}} ]`)})
	},
	"multicast": func(t *testing.T, c *line.Client) {
		c.Send(t.Context(), provider.Call{Endpoint: provider.Multicast, Key: uuid.MustParse("123e4567-e89b-12d3-a456-426614174000"),
			To: []string{"U4af4980629000000000000000000abcd", "U0c229f96c4000000000000000000abcd"}, Messages: json.RawMessage(`[{"type":"text","text":"all"}]`)})
	},
	"validate-push": func(t *testing.T, c *line.Client) {
		c.Validate(t.Context(), provider.Push, json.RawMessage(`[{"type":"text","text":"x"}]`))
	},
	"validate-multicast": func(t *testing.T, c *line.Client) {
		c.Validate(t.Context(), provider.Multicast, json.RawMessage(`[{"type":"text","text":"x"}]`))
	},
}

func TestRequestsAreWrittenAsExpected(t *testing.T) {
	for name, call := range goldenCalls {
		for range 2 { // the same bytes each time
			got := written(t, func(c *line.Client) { call(t, c) })
			if want := golden(t, name); len(got) != 1 || got[0] != want {
				t.Errorf("%s:\n got %s\nwant %s", name, got, want)
			}
		}
	}
	got := written(t, func(c *line.Client) {
		if _, err := c.Quota(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if want := []string{golden(t, "quota"), golden(t, "quota-consumption")}; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("quota:\n got %q\nwant %q", got, want)
	}
}

// Every message of the corpus, sent by push and multicast, is a request that LINE's schema accepts.
func TestRequestsKeepToLINEsContract(t *testing.T) {
	api := lineapi.Open(t)
	var problems []error
	var mu sync.Mutex
	n := 0
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = api.Request(r, body)
		}
		mu.Lock()
		defer mu.Unlock()
		if n++; err != nil {
			problems = append(problems, err)
		}
		io.WriteString(w, `{}`)
	}, line.Config{})
	messages := corpus(t, "good")
	for _, m := range messages {
		key := uuid.NewSHA1(uuid.NameSpaceOID, m)
		client.Send(t.Context(), provider.Call{Endpoint: provider.Push, Key: key, To: []string{"U4af4980629000000000000000000abcd"}, Messages: m})
		client.Send(t.Context(), provider.Call{Endpoint: provider.Multicast, Key: key, To: []string{"U4af4980629000000000000000000abcd"}, Messages: m})
		client.Validate(t.Context(), provider.Push, m)
		client.Validate(t.Context(), provider.Multicast, m)
	}
	if n != 4*len(messages) || len(problems) > 0 {
		t.Errorf("%d requests of %d, problems: %v", n, 4*len(messages), problems)
	}
}
