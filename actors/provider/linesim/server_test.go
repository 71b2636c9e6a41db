package linesim_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/provider/providertest"
)

func rawPush(url string) (*http.Response, error) {
	r, err := http.NewRequest("POST", url+"/v2/bot/message/push", strings.NewReader(`{"to":"`+providertest.User(1)+`","messages":[{"type":"text","text":"x"}]}`))
	if err != nil {
		return nil, err
	}
	r.GetBody = nil // no repeats behind our back
	r.Header.Set("Authorization", "Bearer token")
	r.Header.Set("Content-Type", "application/json")
	return http.DefaultClient.Do(r)
}

// A held request is counted when it is accepted, and ends without an answer when the server closes.
func TestCloseLetsHeldRequestsGo(t *testing.T) {
	server, url := administered(t, linesim.Options{Faults: linesim.Faults{TimeoutAfter: 1}})
	ended := make(chan error, 1)
	go func() {
		answer, err := rawPush(url)
		if err == nil {
			answer.Body.Close()
		}
		ended <- err
	}()
	for server.Sim.Ledger().Deliveries == 0 {
		select {
		case err := <-ended:
			t.Fatalf("it ended before it was let go: %v", err)
		default:
		}
	}
	server.Close()
	server.Close() // twice does no harm
	if err := <-ended; err == nil {
		t.Error("a held request was answered")
	}
}

func TestAResetIsAReset(t *testing.T) {
	_, url := administered(t, linesim.Options{Faults: linesim.Faults{Reset: 1}})
	for range 10 {
		answer, err := rawPush(url)
		if err == nil {
			answer.Body.Close()
			t.Fatalf("answered %s", answer.Status)
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
	}
}

// Without a connection to take over, a cut ends in net/http's own way of breaking off.
func TestCutWithoutAConnection(t *testing.T) {
	server := linesim.NewServer(linesim.Options{Faults: linesim.Faults{Reset: 1}})
	defer func() {
		if got, _ := recover().(error); !errors.Is(got, http.ErrAbortHandler) {
			t.Errorf("got %v", got)
		}
	}()
	body := `{"to":"` + providertest.User(1) + `","messages":[{"type":"text","text":"x"}]}`
	r := httptest.NewRequest("POST", "/v2/bot/message/push", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	r.Header.Set("Content-Type", "application/json")
	server.ServeHTTP(httptest.NewRecorder(), r)
}
