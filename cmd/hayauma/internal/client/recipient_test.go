package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/client"
)

func TestRecipientSettings(t *testing.T) {
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, strings.TrimSpace(strings.Join([]string{r.Method, r.URL.EscapedPath(), r.Header.Get("Content-Type"),
			r.Header.Get("Content-Encoding"), string(body)}, " ")))
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `{"rows":2}`)
		default:
			_, _ = io.WriteString(w, `{"user_id":"U1","opt_out":true,"topics":["a"]}`)
		}
	})
	ctx := t.Context()
	s, err := c.RecipientSettings(ctx, "a/b", "U 1")
	if err != nil || !s.OptOut || s.Topics[0] != "a" {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := c.SetRecipientSettings(ctx, "shop", "U1", api.NewRecipientSettings{Topics: []string{"a"}, TimeZone: "Asia/Tokyo"}); err != nil {
		t.Error(err)
	}
	if err := c.ResetRecipientSettings(ctx, "shop", "U1"); err != nil {
		t.Error(err)
	}
	rows, err := c.ImportRecipientSettings(ctx, "shop", client.Audience{Data: strings.NewReader("user_id"), Type: "text/csv", Gzip: true})
	if rows != 2 || err != nil {
		t.Errorf("%d, %v", rows, err)
	}
	body, err := c.ExportRecipientSettings(ctx, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := io.ReadAll(body); err != nil || !strings.Contains(string(all), "U1") {
		t.Errorf("%s, %v", all, err)
	}
	body.Close()
	want := []string{
		"GET /v1/channels/a%2Fb/recipients/U%201",
		`PUT /v1/channels/shop/recipients/U1 application/json  {"topics":["a"],"time_zone":"Asia/Tokyo"}`,
		"DELETE /v1/channels/shop/recipients/U1",
		"POST /v1/channels/shop/recipients text/csv gzip user_id",
		"GET /v1/channels/shop/recipients",
	}
	if strings.Join(asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
}

func TestImportRefused(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"status":422,"title":"recipients refused","detail":"no","errors":[{"location":"line 2","message":"bad"}]}`)
	})
	_, err := c.ImportRecipientSettings(t.Context(), "shop", client.Audience{Data: endless{}, Type: "text/csv"})
	var refusal client.Error
	if !errors.As(err, &refusal) || refusal.Error() != "recipients refused: no\n  line 2: bad" {
		t.Errorf("%v", err)
	}
}
