package recipient

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"hayauma.example/actors"
	"hayauma.example/actors/calendar"
)

// Settings are how a user wants to be written to.
type Settings = actors.RecipientSettings

// Bounds of one user's settings.
const (
	MaxTopics = 20
	maxUser   = 255 // bytes of an id
	maxZone   = 64  // bytes
	maxQuiet  = 200 // bytes
	maxReason = 200 // bytes of why a user is suppressed
)

// CheckUser tells what is wrong with a user's id; empty: nothing.
func CheckUser(user string) string {
	switch {
	case user == "":
		return "is empty"
	case len(user) > maxUser:
		return fmt.Sprintf("is longer than %d bytes", maxUser)
	case !utf8.ValidString(user) || strings.ContainsFunc(user, unicode.IsControl):
		return "holds control characters or is not UTF-8"
	}
	return ""
}

// FieldError says what is wrong with one setting, by the name that it has in requests and files.
type FieldError struct{ Field, Problem string }

// Error names the setting and the problem.
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Names of the settings in requests and files.
const (
	NameOptOut = "opt_out"
	NameTopics = "topics"
	NameZone   = "time_zone"
	NameQuiet  = "quiet_hours"
)

// Normal is the one form in which equal settings are equal; its error is a [*FieldError].
func Normal(s Settings) (Settings, error) {
	s.Topics = slices.Compact(slices.Sorted(slices.Values(s.Topics)))
	s.Quiet = strings.TrimSpace(s.Quiet)
	s.Suppressed = normalSuppression(s.Suppressed)
	for _, check := range []func(Settings) error{checkTopics, checkZone, checkQuiet} {
		if err := check(s); err != nil {
			return s, err
		}
	}
	return s, nil
}

func checkTopics(s Settings) error {
	if len(s.Topics) > MaxTopics {
		return &FieldError{NameTopics, fmt.Sprintf("%d are given, %d are possible", len(s.Topics), MaxTopics)}
	}
	for _, topic := range s.Topics {
		if !isTopic(topic) {
			return &FieldError{NameTopics, fmt.Sprintf("%q is none: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit", clip(topic))}
		}
	}
	return nil
}

// isTopic tells whether a text is made as a channel's name is. It is asked for every topic of every row.
func isTopic(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (i == 0 || c != '_' && c != '-') {
			return false
		}
	}
	return len(text) > 0 && len(text) <= 63
}

// zones are the names that were found to be zones' before: to find one is to read a file. Only zones are in it, so they are a few hundred.
var zones sync.Map

func checkZone(s Settings) error {
	if _, known := zones.Load(s.Zone); known || s.Zone == "" {
		return nil
	}
	if len(s.Zone) > maxZone {
		return &FieldError{NameZone, fmt.Sprintf("is longer than %d bytes", maxZone)}
	}
	if _, err := calendar.Zone(s.Zone); err != nil {
		return &FieldError{NameZone, plain(err)}
	}
	zones.Store(s.Zone, true)
	return nil
}

func checkQuiet(s Settings) error {
	if s.Quiet == "" {
		return nil
	}
	if len(s.Quiet) > maxQuiet {
		return &FieldError{NameQuiet, fmt.Sprintf("is longer than %d bytes", maxQuiet)}
	}
	if _, err := calendar.ParseHours(s.Quiet); err != nil {
		return &FieldError{NameQuiet, plain(err)}
	}
	return nil
}

// plain is an error without the name of its package.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "calendar: ") }

func normalSuppression(s actors.Suppression) actors.Suppression {
	if s.Reason == "" {
		return actors.Suppression{}
	}
	if len(s.Reason) > maxReason {
		s.Reason = strings.ToValidUTF8(s.Reason[:maxReason], "")
	}
	s.At = time.Unix(min(max(s.At.Unix(), 0), 1<<32-1), 0).UTC()
	return s
}

// Same tells whether settings in normal form are equal.
func Same(a, b Settings) bool {
	return a.OptOut == b.OptOut && a.Zone == b.Zone && a.Quiet == b.Quiet && a.Suppressed == b.Suppressed && slices.Equal(a.Topics, b.Topics)
}

// IsDefault tells whether a user with these settings has none of his own.
func IsDefault(s Settings) bool { return Same(s, Settings{}) }

// with is what a change makes of settings.
func with(old Settings, c actors.RecipientChange) Settings {
	for _, f := range []struct {
		field actors.RecipientFields
		set   func()
	}{
		{actors.FieldOptOut, func() { old.OptOut = c.Settings.OptOut }},
		{actors.FieldTopics, func() { old.Topics = c.Settings.Topics }},
		{actors.FieldZone, func() { old.Zone = c.Settings.Zone }},
		{actors.FieldQuiet, func() { old.Quiet = c.Settings.Quiet }},
		{actors.FieldSuppressed, func() { old.Suppressed = c.Settings.Suppressed }},
	} {
		if c.Sets.Has(f.field) {
			f.set()
		}
	}
	return old
}

func refused(format string, args ...any) error {
	return actors.Problem{Status: http.StatusUnprocessableEntity, Title: "recipient settings refused", Detail: fmt.Sprintf(format, args...)}
}

// clip keeps what is shown of an input short.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
