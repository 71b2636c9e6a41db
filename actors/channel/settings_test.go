package channel

import (
	"errors"
	"strings"
	"testing"

	"hayauma.example/actors"
)

func good() actors.Settings {
	return actors.Settings{Name: "shop", Provider: "line", Endpoint: "https://api.line.me", TokenEnv: "LINE_TOKEN", Limits: actors.LINELimits}
}

func TestValidate(t *testing.T) {
	if err := Validate("shop", good()); err != nil {
		t.Fatalf("good settings: %v", err)
	}
	tests := []struct {
		name   string
		change func(*actors.Settings)
		tells  string
	}{
		{"empty name", func(s *actors.Settings) { s.Name = "" }, "1 to 63"},
		{"capital", func(s *actors.Settings) { s.Name = "Shop" }, "a-z"},
		{"long name", func(s *actors.Settings) { s.Name = strings.Repeat("a", 64) }, "1 to 63"},
		{"other name", func(s *actors.Settings) { s.Name = "shop2" }, "same name"},
		{"no provider", func(s *actors.Settings) { s.Provider = "" }, `"line"`},
		{"other provider", func(s *actors.Settings) { s.Provider = "pigeon" }, `"line"`},
		{"no scheme", func(s *actors.Settings) { s.Endpoint = "api.line.me" }, "http"},
		{"other scheme", func(s *actors.Settings) { s.Endpoint = "ftp://api.line.me" }, "http"},
		{"no URL", func(s *actors.Settings) { s.Endpoint = "https://a b" }, "http"},
		{"with path of the API", func(s *actors.Settings) { s.Endpoint = "https://api.line.me/v2/bot" }, "leave it out"},
		{"with path of a call", func(s *actors.Settings) { s.Endpoint = "http://localhost:1/v2/bot/message" }, "leave it out"},
		{"with query", func(s *actors.Settings) { s.Endpoint = "https://api.line.me?a=b" }, "query"},
		{"with user", func(s *actors.Settings) { s.Endpoint = "https://a:b@api.line.me" }, "user"},
		{"no variable", func(s *actors.Settings) { s.TokenEnv = "" }, "variable"},
		{"token for variable", func(s *actors.Settings) { s.TokenEnv = "abc/+=" }, "not the token itself"},
		{"negative push", func(s *actors.Settings) { s.Limits.Push = -1 }, "push is -1"},
		{"negative multicast", func(s *actors.Settings) { s.Limits.Multicast = -2 }, "multicast is -2"},
		{"too high", func(s *actors.Settings) { s.Limits.Push = MaxLimit + 1 }, "1000000"},
	}
	for _, tt := range tests {
		s := good()
		tt.change(&s)
		var p actors.Problem
		if err := Validate("shop", s); !errors.As(err, &p) || p.Status != 422 {
			t.Errorf("%s: %v, want a problem with status 422", tt.name, err)
		} else if !strings.Contains(p.Detail, tt.tells) {
			t.Errorf("%s: %q does not tell %q", tt.name, p.Detail, tt.tells)
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:8080", "https://proxy.example/line/", "https://api.line.me/v2/botany"} {
		s := good()
		s.Endpoint = endpoint
		if err := Validate("shop", s); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestValidateShowsNoToken(t *testing.T) {
	s := good()
	s.TokenEnv = "secret+token/with=signs"
	if err := Validate("shop", s); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}
