package line_test

import (
	"net/http/httptest"
	"testing"

	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/actors/provider/providertest"
)

// overHTTP is a client and a simulator with real sockets between them.
func overHTTP(t testing.TB, o linesim.Options) providertest.Lab {
	t.Helper()
	server := linesim.NewServer(o)
	web := httptest.NewServer(server)
	client := newClient(t, line.Config{Endpoint: web.URL})
	t.Cleanup(func() {
		server.Close()
		client.CloseIdle()
		web.Close()
	})
	return providertest.Lab{Provider: client, Sim: server.Sim}
}

func newClient(t testing.TB, c line.Config) *line.Client {
	t.Helper()
	if c.Token == nil {
		c.Token = func() (string, error) { return "token", nil }
	}
	client, err := line.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestClientConforms(t *testing.T) {
	providertest.Run(t, func(t *testing.T, o linesim.Options) providertest.Lab { return overHTTP(t, o) })
}
