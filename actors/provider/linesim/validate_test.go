package linesim_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hayauma.example/actors/provider/internal/lineapi"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/provider/linesim"
)

// corpus gives every example of messages of package line, with what is wrong with it (empty: nothing).
func corpus(t *testing.T, try func(name, wrong string, messages []byte)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "line", "testdata", "messages", "*", "*.json"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	for _, f := range files {
		messages, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		wrong, rest, _ := bytes.Cut(messages, []byte("\n"))
		if !bytes.HasPrefix(wrong, []byte("// ")) {
			wrong, rest = nil, messages
		}
		try(filepath.Base(f), strings.TrimPrefix(string(wrong), "// "), rest)
	}
}

// validation asks a validate endpoint over HTTP.
func validation(t *testing.T, server *linesim.Server, endpoint string, messages []byte) (r *http.Request, body []byte, answer *http.Response, answered []byte) {
	t.Helper()
	body = append(append([]byte(`{"messages":`), messages...), '}')
	r = httptest.NewRequest(http.MethodPost, "/v2/bot/message/validate/"+endpoint, bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	answer = w.Result()
	answered, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, body, answer, answered
}

// What would be sent is valid, what is refused names its place, and nothing of it is a delivery, a use of the quota, or a request of another kind.
func TestValidationJudgesEveryExample(t *testing.T) {
	server := linesim.NewServer(linesim.Options{Quota: new(int64(0)), Limits: linesim.Limits{Off: true}})
	corpus(t, func(name, wrong string, messages []byte) {
		for _, endpoint := range []string{"push", "multicast"} {
			_, _, answer, answered := validation(t, server, endpoint, messages)
			if (answer.StatusCode == 200) != (wrong == "") || answer.StatusCode != 200 && answer.StatusCode != 400 {
				t.Errorf("%s by %s: %d %s, but: %q", name, endpoint, answer.StatusCode, answered, wrong)
			}
			var misfit *line.MessageError
			if errors.As(line.CheckMessages(messages), &misfit) && !bytes.Contains(answered, []byte(`"property":"`+misfit.Path+`"`)) && !bytes.Contains(answered, []byte("parsed as JSON")) &&
				!bytes.Contains(answered, []byte("property, 'messages',")) {
				t.Errorf("%s by %s: %s doesn't name %s", name, endpoint, answered, misfit.Path)
			}
		}
	})
	if l := server.Sim.Ledger(); l != (linesim.Ledger{}) {
		t.Errorf("the ledger has %+v", l)
	}
}

// Questions and answers keep to LINE's contract.
func TestValidationKeepsToLINEsContract(t *testing.T) {
	api := lineapi.Open(t)
	server := linesim.NewServer(linesim.Options{Limits: linesim.Limits{Off: true}})
	checked := 0
	corpus(t, func(name, wrong string, messages []byte) {
		for _, endpoint := range []string{"push", "multicast"} {
			r, body, answer, answered := validation(t, server, endpoint, messages)
			if wrong != "" {
				if err := api.Problem(answered); err != nil {
					t.Errorf("%s by %s: answer %s: %v", name, endpoint, answered, err)
				}
				continue
			}
			checked++
			if err := api.Exchange(r, body, answer, answered); err != nil {
				t.Errorf("%s by %s: %v", name, endpoint, err)
			}
		}
	})
	if checked < 10 {
		t.Errorf("only %d exchanges were checked", checked)
	}
}

// The rate of validation is its own: it takes nothing from sending.
func TestValidationHasALimitOfItsOwn(t *testing.T) {
	server := linesim.NewServer(linesim.Options{Limits: linesim.Limits{Validate: 2}})
	text := []byte(`[{"type":"text","text":"x"}]`)
	statuses := map[int]int{}
	for range 10 {
		_, _, answer, _ := validation(t, server, "push", text)
		statuses[answer.StatusCode]++
	}
	if statuses[429] == 0 || statuses[200] < 2 {
		t.Errorf("statuses %v", statuses)
	}
	if _, _, answer, _ := validation(t, server, "multicast", text); answer.StatusCode != 200 {
		t.Errorf("the other endpoint answers %d", answer.StatusCode)
	}
}
