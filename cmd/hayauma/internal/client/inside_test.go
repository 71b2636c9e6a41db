package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"hayauma.example/cmd/hayauma/internal/client"
)

func TestInside(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/cluster", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"node":%q}`, r.Header.Get("Authorization"))
	})
	mux.HandleFunc("GET /v1/campaigns/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "broken" {
			fmt.Fprint(w, `{"id":`)
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"status":404,"detail":"no campaign"}`)
	})
	c := client.Inside(mux, "secret")
	if s, err := c.Cluster(t.Context()); err != nil || s.Node != "Bearer secret" {
		t.Errorf("%v, %v", s, err)
	}
	var refused client.Error
	if _, err := c.Campaign(t.Context(), "none"); !errors.As(err, &refused) || refused.Status != 404 || refused.Detail != "no campaign" {
		t.Errorf("a refusal is %v", err)
	}
	var gone client.Unreachable
	if _, err := c.Campaign(t.Context(), "broken"); !errors.As(err, &gone) {
		t.Errorf("half an answer is %v", err)
	}
}
